package app

import (
	"sort"
	"strconv"

	"resilab/labs/lab"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

// drawChrome draws what surrounds the body.
func (m *Model) drawChrome(c *canvas) {
	l, h := m.plan, m.host
	c.put(l.tabs, m.tabsRow())
	c.put(l.title, filled(m.titleRows(l.title.W), l.title.W, l.title.H))
	rule := h.line(m.w).Fill(h.th.Rule, h.th.Glyph.Line, m.w).String()
	c.put(l.topRule, rule)
	c.put(l.bottomRule, rule)
	c.put(l.status, m.cur().status(m.w))
	c.put(l.footer, m.footerRow())
}

// tabs are the labels of the labs, as wide as they are drawn.
func (m *Model) tabs() (labels []string) {
	for i, s := range m.labs {
		label := strconv.Itoa(i+1) + " " + m.host.text.T(s.lab.spec.ID+".name")
		if s.lab.alarm() {
			label += " !"
		}
		if i == m.active && m.host.th.Level == theme.Plain {
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
	th := m.host.th
	l := m.host.line(m.w).Gap(1).Put(th.Accent.Strong(), "resilab").To(tabsStart)
	for i, label := range m.tabs() {
		style := th.Dim
		switch {
		case i == m.active:
			style = th.Invert.Strong()
		case m.labs[i].lab.alarm():
			style = th.Bad
		}
		l.Put(style, label).Gap(1)
	}
	if right := m.cur().brokers(); widget.Width(right)+3 <= l.Left() {
		l.To(m.w-1-widget.Width(right)).Put(th.Dim, right)
	}
	return l.String()
}

// tabAt returns the tab at column x.
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
func (m *Model) titleRows(w int) (rows []string) {
	margin := 1
	if shapeOf(m.w, m.h) == full {
		margin = 2
	}
	for _, row := range balanced(m.host.text.T(m.cur().lab.spec.ID+".about"), w-4) {
		rows = append(rows, m.host.line(w).Gap(margin).Text(row).String())
	}
	return rows
}

// balanced wraps a text into as few rows as possible, of about the same length.
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

// brokers names the brokers in use.
func (s *labScreen) brokers() (names string) {
	brokers := s.lab.exp.Brokers()
	ids := make([]string, 0, len(brokers))
	for id := range brokers {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	for i, id := range ids {
		if i > 0 {
			names += "  "
		}
		where := brokers[id]
		if key := "ui.broker." + where; s.text.Has(key) {
			where = s.text.T(key)
		}
		names += s.text.T("ui.broker."+id) + " " + where
	}
	return names
}

// status says why a value was refused, else how the run stands and what the last
// key has done. The speed and the time are always there: figures mean little
// without them.
func (s *labScreen) status(w int) string {
	l, th := s.line(w).Gap(1), s.th
	if s.knobs.problem != "" {
		return l.Put(th.Bad.Strong(), "! ").Put(th.Bad, s.knobs.problem).String()
	}
	word, style, glyph := s.phaseWord()
	l.Put(style.Strong(), glyph+" "+word).Gap(2)
	f := s.lab.frame(Rect{})
	sep := " " + th.Glyph.Dot + " "
	l.Text(th.Glyph.Times + speedText(s.lab.exp.Speed()))
	l.Put(th.Dim, sep).Text(widget.Clock(f.Snap.Elapsed))
	if s.notice.text != "" {
		return l.Put(th.Dim, sep).Put(th.Accent, s.notice.text).String()
	}
	seed := sep + s.text.T("ui.status.seed", strconv.FormatUint(s.lab.exp.Seed(), 10))
	if widget.Width(seed)+s.notesWidth() <= l.Left() { // an address is worth more, and none can be used in part
		l.Put(th.Dim, seed)
	}
	if f.A != nil {
		l.Put(th.Dim, sep).Put(th.Accent, s.text.T("ui.status.a"))
	}
	if f.B != nil {
		l.Put(th.Accent, " B")
	}
	for _, note := range f.Snap.Notes {
		l.Put(th.Dim, sep).Put(th.Text, s.text.T(note.Key, note.Args...))
	}
	if !s.lab.seen.settled && s.lab.seen.phase == lab.Running {
		l.Put(th.Dim, sep+s.text.T("ui.status.applying"))
	}
	if lang := string(s.text.Lang()); l.Left() > len(lang)+3 {
		l.To(w-1-len(lang)).Put(th.Dim, lang)
	}
	return l.String()
}

// notesWidth is how many cells of the status row stand behind the seed.
func (s *labScreen) notesWidth() (cells int) {
	const separator = 3
	if a, b := s.lab.exp.Captured(); a != nil || b != nil {
		cells = separator + len("A B")
	}
	if s.lab.snap == nil {
		return cells
	}
	for _, note := range s.lab.snap.Notes {
		cells += separator + widget.Width(s.text.T(note.Key, note.Args...))
	}
	return cells
}

func (s *labScreen) phaseWord() (word string, style theme.Style, glyph string) {
	phase := s.phase()
	word = s.text.T("ui.phase." + phase)
	switch phase {
	case "failed":
		return word, s.th.Bad, "!"
	case "paused":
		return word, s.th.Warn, s.th.Glyph.Paused
	case "starting":
		return word, s.th.Dim, s.th.Glyph.More
	default:
		return word, s.th.Good, s.th.Glyph.Running
	}
}

func speedText(speed float64) string { return strconv.FormatFloat(speed, 'f', -1, 64) }
