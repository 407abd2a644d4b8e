package app

import (
	"errors"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/pane/generic"
)

// labScreen is the screen of one lab: its panels, and the keys that act on the
// lab whichever panel has the focus.
type labScreen struct {
	*host
	lab *labState
	panels
	bound bound
}

// bound are the keys of a lab's screen besides those of the panel in focus.
type bound struct {
	turn, run, view, part, log []binding
	lists                      [6][]binding // all of them, behind those of the panel in focus
}

func newLabScreen(h *host, entry LabEntry) *labScreen {
	v := newLabState(h, entry)
	s := &labScreen{host: h, lab: v, panels: panels{knobs: newKnobPanel(h, v), figures: &figurePanel{lab: v},
		picture: newPicturePanel(h, v), log: newLogPanel(h, v),
		card: &cardPanel{host: h, lab: v, card: entry.Card}}}
	s.bound.turn = onlyAll(s.knobs.turnKeys(), func() bool { return s.focus != onCard }) // else they are the card's
	s.bound.run, s.bound.view = s.runKeys(), s.picture.viewKeys(func(view int) { showView(s, view) })
	s.bound.part, s.bound.log = s.partKeys(), s.log.logKeys(s.showLog)
	s.bound.lists = [6][]binding{1: s.bound.turn, 2: s.bound.run, 3: s.bound.view, 4: s.bound.part, 5: s.bound.log}
	s.setFocus(onKnobs)
	return s
}

// demand returns what the lab shows besides its knobs and picture.
func (s *labScreen) demand() demand {
	want := demand{card: s.card.open, focus: s.focus, table: s.picture.table}
	if a, _ := s.lab.exp.Captured(); a != nil {
		want.ghost = !s.picture.table // the table shows all figures of A
	}
	if s.lab.snap != nil {
		want.banner = len(s.lab.snap.Troubles)
	}
	if err, fatal := s.lab.failure(); err != nil && !fatal {
		want.banner++
	}
	return want
}

// draw puts every panel that is shown onto the canvas.
func (s *labScreen) draw(c *canvas) {
	l := s.plan
	if l.banner.H > 0 {
		c.put(l.banner, filled(s.banner(l.banner), l.banner.W, l.banner.H))
	}
	if l.knobs.H > 0 {
		c.put(l.knobs, s.knobs.View())
		c.put(l.divider, s.divider(l.divider.H))
	}
	for _, part := range []struct {
		r Rect
		p panel
	}{{l.figures, s.figures}, {l.picture, s.picture}, {l.card, s.card}, {l.log, s.log}} {
		if part.r.H > 0 {
			c.put(part.r, part.p.View())
		}
	}
}

func (s *labScreen) divider(h int) string {
	column := s.th.Rule.Paint(s.th.Glyph.Column)
	return strings.TrimSuffix(strings.Repeat(column+"\n", h), "\n")
}

// banner shows the lab's troubles, and the error of the last thing asked of it.
func (s *labScreen) banner(r Rect) []string {
	rows := generic.Banner(s.lab.frame(r), s.now())
	if err, fatal := s.lab.failure(); err != nil && !fatal {
		rows = append(rows, s.line(r.W).Put(s.th.Bad.Strong(), "! ").Put(s.th.Bad, reason(s.text, err)).String())
	}
	return rows
}

// reason says why the last thing asked of the lab did not work.
func reason(text *i18n.Catalogue, err error) string {
	if refusal, ok := errors.AsType[*lab.Refusal](err); ok {
		return text.T(refusal.Key)
	}
	return oneLine(err)
}

// Update takes a key that no field and no overlay has taken, or the mouse.
// found reports whether the key means something here.
func (s *labScreen) Update(msg tea.Msg) (cmd tea.Cmd, found bool) {
	switch msg := msg.(type) {
	case tea.MouseMsg:
		return s.onMouse(msg), true
	case tea.KeyMsg:
		s.knobs.problem = ""
		b := find(s.keys(), msg)
		switch {
		case b == nil:
			return nil, false
		case b.run == nil:
			return s.card.Update(msg), true
		}
		return b.run(), true
	}
	return nil, false
}

// keys are the keys that mean something in the lab's screen now: those of the
// focused panel first.
func (s *labScreen) keys() [][]binding {
	s.bound.lists[0] = s.focused().Keys()
	return s.bound.lists[:]
}

// observe looks at the lab and reports whether anything visible has changed.
func (s *labScreen) observe() (changed bool) {
	changed = s.lab.observe(s.now())
	if changed {
		s.card.observe()
	}
	return changed
}

// back closes what was opened last, and reports whether there was anything.
func (s *labScreen) back() bool {
	switch {
	case s.picture.table:
		s.toggleTable()
	case s.log.filter.Text() != "":
		s.log.filter.Clear()
		s.log.back = 0
	case s.log.notable:
		s.log.notable = false
	case s.log.frozen != nil:
		s.log.flow()
	case s.card.open:
		s.card.close()
		s.setFocus(onKnobs)
	case s.focus != onKnobs:
		s.setFocus(onKnobs)
	default:
		return false
	}
	return true
}

// status is the row that describes the lab's run.
func (s *labScreen) status() *statusRow {
	cuts := s.card.concerned(s.lab.exp.Cuts(s.lab.exp.Settings()))
	return &statusRow{host: s.host, lab: s.lab, problem: s.knobs.problem, cuts: cuts}
}
