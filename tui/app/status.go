package app

import (
	"sort"
	"strconv"
	"strings"

	"resilab/labs/lab"
	"resilab/tui/pane"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

// statusRow describes the run of a lab in one row.
type statusRow struct {
	*host
	lab     *labState
	problem string // why the last value was refused; empty: it was taken
	cuts    []lab.Cut
}

// row says why a value was refused, else how the run stands and what the last
// key has done. The speed and the time are always there: figures mean little
// without them.
func (s *statusRow) row(w int) string {
	l, th := s.line(w).Gap(1), s.th
	if s.problem != "" {
		return l.Put(th.Bad.Strong(), "! ").Put(th.Bad, s.problem).String()
	}
	word, style, glyph := s.phaseWord()
	l.Put(style.Strong(), glyph+" "+word).Gap(2)
	f := s.lab.frame(Rect{})
	sep := " " + th.Glyph.Dot + " "
	speed, _ := s.lab.exp.Speed()
	l.Text(th.Glyph.Times + speedText(speed))
	l.Put(th.Dim, sep).Text(widget.Clock(f.Snap.Elapsed))
	if s.notice.text != "" {
		return l.Put(th.Dim, sep).Put(th.Accent, s.notice.text).String()
	}
	notes := s.notes(f)
	seed := sep + s.text.T("ui.status.seed", strconv.FormatUint(s.lab.exp.Seed(), 10))
	if widget.Width(seed)+s.width(f, notes) <= l.Left() { // an address is worth more, and none can be used in part
		l.Put(th.Dim, seed)
	}
	if f.A != nil {
		l.Put(th.Dim, sep).Put(th.Accent, s.text.T("ui.status.a"))
	}
	if f.B != nil {
		l.Put(th.Accent, " B")
	}
	for _, note := range notes {
		l.Put(th.Dim, sep).Put(th.Text, note)
	}
	if !s.lab.seen.settled && s.lab.seen.phase == lab.Running {
		l.Put(th.Dim, sep+s.text.T("ui.status.applying"))
	}
	if lang := string(s.text.Lang()); l.Left() > len(lang)+3 {
		l.To(w-1-len(lang)).Put(th.Dim, lang)
	}
	return l.String()
}

// notes are what the lab and its picture say in the status row.
func (s *statusRow) notes(f pane.Frame) (notes []string) {
	if _, slowed := s.lab.exp.Speed(); slowed {
		notes = append(notes, s.text.T("ui.slowed"))
	}
	if limited := s.limited(); limited != "" {
		notes = append(notes, limited)
	}
	for _, note := range f.Snap.Notes {
		notes = append(notes, s.text.T(note.Key, note.Args...))
	}
	if p, ok := s.lab.entry.Picture.(pane.Noter); ok {
		if note := p.Note(f); note != "" {
			notes = append(notes, note)
		}
	}
	return notes
}

// limited says which settings the lab does not have as they were asked for.
func (s *statusRow) limited() string {
	var all []string
	for _, c := range s.cuts {
		spec := s.lab.spec
		k, _ := spec.Knob(c.Knob)
		value := func(v lab.Value) string { return widget.KnobText(s.text, spec.ID, k, v) }
		all = append(all, s.text.T("ui.limit", s.text.T(spec.ID+".knob."+k.ID+".name"), value(c.Most), value(c.Asked)))
	}
	if len(all) == 0 {
		return ""
	}
	return s.text.T("ui.limited", strings.Join(all, ", "))
}

// width is how many cells of the status row stand behind the seed.
func (s *statusRow) width(f pane.Frame, notes []string) (cells int) {
	const separator = 3
	if f.A != nil || f.B != nil {
		cells = separator + len("A B")
	}
	for _, note := range notes {
		cells += separator + widget.Width(note)
	}
	return cells
}

func (s *statusRow) phaseWord() (word string, style theme.Style, glyph string) {
	phase := s.lab.phase()
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

// brokers names the brokers in use.
func (s *statusRow) brokers() (names string) {
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

func speedText(speed float64) string { return strconv.FormatFloat(speed, 'f', -1, 64) }
