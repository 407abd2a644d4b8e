package app

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"resilab/labs/lab"
	"resilab/tui/pane"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

// drawChrome draws what surrounds the body.
func (m *Model) drawChrome(c *canvas, l layout) {
	c.put(l.tabs, []string{m.tabsRow()})
	c.put(l.title, m.titleRows())
	rule := []string{widget.NewLine(m.th, m.w).Fill(m.th.Rule, m.th.Glyph.Line, m.w).String()}
	c.put(l.topRule, rule)
	c.put(l.bottomRule, rule)
	c.put(l.status, []string{m.statusRow()})
	c.put(l.footer, []string{m.footerRow()})
}

// tabs are the labels of the labs, as wide as they are drawn.
func (m *Model) tabs() (labels []string) {
	for i, v := range m.labs {
		label := strconv.Itoa(i+1) + " " + m.text.T(v.spec.ID+".name")
		if v.alarm() {
			label += " !"
		}
		if i == m.active && m.th.Level == theme.Plain {
			label = "[" + label + "]" // where nothing can be shown inverted
		} else {
			label = " " + label + " "
		}
		labels = append(labels, label)
	}
	return labels
}

// tabsStart is the column of the first tab.
const tabsStart = 10

func (m *Model) tabsRow() string {
	l := widget.NewLine(m.th, m.w).Gap(1).Put(m.th.Accent.Strong(), "resilab").To(tabsStart)
	for i, label := range m.tabs() {
		style := m.th.Dim
		switch {
		case i == m.active:
			style = m.th.Invert.Strong()
		case m.labs[i].alarm():
			style = m.th.Bad
		}
		l.Put(style, label).Gap(1)
	}
	if right := m.brokers(); widget.Width(right)+3 <= l.Left() {
		l.To(m.w-1-widget.Width(right)).Put(m.th.Dim, right)
	}
	return l.String()
}

// tabAt tells which tab is at column x.
func (m *Model) tabAt(x int) (index int, ok bool) {
	at := tabsStart
	for i, label := range m.tabs() {
		if x >= at && x < at+widget.Width(label) {
			return i, true
		}
		at += widget.Width(label) + 1
	}
	return 0, false
}

// titleRows are the question that the lab answers, in line with the body.
func (m *Model) titleRows() (rows []string) {
	margin := 1
	if shapeOf(m.w, m.h) == full {
		margin = 2
	}
	for _, row := range balanced(m.text.T(m.cur().spec.ID+".about"), m.w-4) {
		rows = append(rows, widget.NewLine(m.th, m.w).Gap(margin).Text(row).String())
	}
	return rows
}

// balanced wraps a text into as few rows as can be, of about the same length.
func balanced(text string, w int) []string {
	rows := widget.Wrap(text, w)
	if len(rows) < 2 {
		return rows
	}
	for even := widget.Width(text) / len(rows); even < w; even++ {
		if next := widget.Wrap(text, even); len(next) == len(rows) {
			return next
		}
	}
	return rows
}

// brokers names the brokers that the lab on the screen uses.
func (m *Model) brokers() (names string) {
	used := m.cur().exp.Brokers()
	for i, id := range slices.Sorted(maps.Keys(used)) {
		if i > 0 {
			names += "  "
		}
		where := used[id]
		if key := "ui.broker." + where; m.text.Has(key) {
			where = m.text.T(key)
		}
		names += m.text.T("ui.broker."+id) + " " + where
	}
	return names
}

// statusRow says why a value was refused, else how the run stands and what
// the last key has done.
func (m *Model) statusRow() string {
	v := m.cur()
	l := widget.NewLine(m.th, m.w).Gap(1)
	if v.problem != "" {
		return l.Put(m.th.Bad.Strong(), "! ").Put(m.th.Bad, v.problem).String()
	}
	word, style, glyph := m.phaseWord(v)
	l.Put(style.Strong(), glyph+" "+word).Gap(2)
	if m.notice.text != "" {
		return l.Put(m.th.Accent, m.notice.text).String()
	}
	f := m.paneFrame(Rect{})
	sep := " " + m.th.Glyph.Dot + " "
	l.Text(m.th.Glyph.Times + speedText(v.exp.Speed()))
	l.Put(m.th.Dim, sep).Text(elapsed(f.Snap.Elapsed))
	seed := sep + m.text.T("ui.status.seed", strconv.FormatUint(v.exp.Seed(), 10))
	if widget.Width(seed)+m.notesWidth(f) <= l.Left() { // an address is worth more, and none can be used in part
		l.Put(m.th.Dim, seed)
	}
	if f.A != nil {
		l.Put(m.th.Dim, sep).Put(m.th.Accent, m.text.T("ui.status.a"))
	}
	if f.B != nil {
		l.Put(m.th.Accent, " B")
	}
	for _, note := range f.Snap.Notes {
		l.Put(m.th.Dim, sep).Put(m.th.Text, m.text.T(note.Key, note.Args...))
	}
	if !v.seen.settled && v.seen.phase == lab.Running {
		l.Put(m.th.Dim, sep+m.text.T("ui.status.applying"))
	}
	if lang := string(m.text.Lang()); l.Left() > len(lang)+3 {
		l.To(m.w-1-len(lang)).Put(m.th.Dim, lang)
	}
	return l.String()
}

// notesWidth is how many cells of the status row stand behind the seed.
func (m *Model) notesWidth(f pane.Frame) (cells int) {
	const separator = 3
	if f.A != nil || f.B != nil {
		cells = separator + len("A B")
	}
	for _, note := range f.Snap.Notes {
		cells += separator + widget.Width(m.text.T(note.Key, note.Args...))
	}
	return cells
}

func (m *Model) phaseWord(v *labView) (word string, style theme.Style, glyph string) {
	if _, fatal := v.failure(); fatal {
		return m.text.T("ui.phase.failed"), m.th.Bad, "!"
	}
	switch {
	case v.seen.phase == lab.Paused:
		return m.text.T("ui.phase.paused"), m.th.Warn, m.th.Glyph.Paused
	case v.starting():
		return m.text.T("ui.phase.starting"), m.th.Dim, m.th.Glyph.More
	default:
		return m.text.T("ui.phase.running"), m.th.Good, m.th.Glyph.Running
	}
}

func speedText(speed float64) string { return strconv.FormatFloat(speed, 'f', -1, 64) }

// elapsed writes how long the run has measured: 1:05.
func elapsed(d time.Duration) string {
	s := int(d / time.Second)
	return strconv.Itoa(s/60) + ":" + string([]byte{byte('0' + s%60/10), byte('0' + s%10)})
}

// footerRow shows the few keys that matter where the focus is. The last one,
// which leads to all the others, is there however narrow the screen is.
func (m *Model) footerRow() string {
	l := widget.NewLine(m.th, m.w).Gap(1)
	hints := m.footerHints()
	last := hints[len(hints)-1]
	reserve := m.hintWidth(last)
	for _, h := range hints[:len(hints)-1] {
		if l.Left() < m.hintWidth(h)+reserve {
			break
		}
		m.putHint(l, h)
	}
	m.putHint(l, last)
	return l.String()
}

const hintGap = 3

func (m *Model) hintWidth(h [2]string) int {
	return widget.Width(m.keyName(h[0])) + 1 + widget.Width(m.text.T(h[1])) + hintGap
}

func (m *Model) putHint(l *widget.Line, h [2]string) {
	l.Put(m.th.Text.Strong(), m.keyName(h[0])).Gap(1).Put(m.th.Dim, m.text.T(h[1])).Gap(hintGap)
}

func (m *Model) footerHints() [][2]string {
	v := m.cur()
	switch {
	case m.overlay != nil:
		return m.overlay.hints()
	case v.typing != nil:
		return [][2]string{{"enter", "ui.hint.set"}, {"esc", "ui.hint.cancel"}}
	case v.filtering:
		return [][2]string{{"enter", "ui.hint.keep"}, {"esc", "ui.hint.clear"}}
	case v.focus == onCard && v.entry.Card != nil && v.entry.Card.Typing():
		return v.entry.Card.Keys()
	case v.focus == onCard && v.entry.Card != nil:
		keys := v.entry.Card.Keys() // the first two are what comes next
		hints := append([][2]string{}, keys[:min(2, len(keys))]...)
		hints = append(hints, [2]string{"c", "ui.hint.check"}, [2]string{"i", "ui.hint.hint"})
		return append(append(hints, keys[min(2, len(keys)):]...), [2]string{"?", "ui.hint.keys"})
	case v.focus == onLog:
		return [][2]string{{"↑↓", "ui.hint.scroll"}, {"/", "ui.hint.filter"}, {"z", "ui.hint.freeze"}, {"tab", "ui.hint.focus"}, {"?", "ui.hint.keys"}}
	case v.table:
		return [][2]string{{"a", "ui.hint.a"}, {"b", "ui.hint.b"}, {"t", "ui.hint.picture"}, {"←→", "ui.hint.turn"}, {"?", "ui.hint.keys"}}
	}
	hints := [][2]string{{"↑↓", "ui.hint.choose"}, {"←→", "ui.hint.turn"}, {"space", "ui.hint.pause"}, {"a", "ui.hint.a"}, {"?", "ui.hint.keys"}}
	if v.snap != nil && v.seen.phase == lab.Paused {
		hints[2] = [2]string{"space", "ui.hint.resume"}
	}
	if a, _ := v.exp.Captured(); a != nil {
		hints[3] = [2]string{"b", "ui.hint.b"}
	}
	return m.withParts(hints)
}

// withParts puts what else there is to see in front of the last two hints.
func (m *Model) withParts(hints [][2]string) [][2]string {
	v, before := m.cur(), len(hints)-2
	var parts [][2]string
	if hasViews(m) {
		next := (v.view + 1) % v.entry.Picture.Views()
		parts = append(parts, [2]string{"v", v.spec.ID + ".view." + strconv.Itoa(next)})
	}
	if v.entry.Card != nil {
		parts = append(parts, [2]string{"c", "ui.hint.card"})
	}
	return append(append(hints[:before:before], parts...), hints[before:]...)
}
