package app

import (
	"slices"
	"strconv"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/course/tour"
	"resilab/labs/lab"
	"resilab/tui/widget"
)

// TourOptions make the program play a tour until a key is pressed.
type TourOptions struct {
	Tour  *tour.Tour // nil: none
	Loop  bool       // begins again at its end
	Leave bool       // a key ends the program, not only the tour
}

// touring is the tour that is played.
type touring struct {
	*tour.Player
	leave bool
}

// newTouring returns the tour of the options, nil where there is none.
func (m *Model) newTouring() *touring {
	o := m.opt.Tour
	if o.Tour == nil {
		return nil
	}
	return &touring{leave: o.Leave, Player: tour.NewPlayer(tour.Options{Tour: o.Tour, Loop: o.Loop, Lang: m.host.text.Lang(), Reading: tour.Reading,
		Show: func(id string) *lab.Experiment {
			i := slices.IndexFunc(m.labs, func(s *labScreen) bool { return s.lab.spec.ID == id })
			if i != m.active {
				m.show(i)
			}
			return m.labs[i].lab.exp
		}})}
}

// advance plays the tour on, and reports whether anything visible has changed.
func (m *Model) advance() (changed bool) {
	if m.tour == nil || m.w == 0 || !m.tour.Advance(m.host.now()) {
		return false
	}
	step, _ := m.tour.Step()
	m.point(step.Point)
	return true
}

// point shows a knob or a figure of the lab that is shown.
func (m *Model) point(id string) {
	s := m.cur()
	s.lab.point = id
	if i := slices.IndexFunc(s.knobs.knobs, func(k lab.Knob) bool { return k.ID == id }); i >= 0 {
		s.knobs.selected = i
	}
}

// endTour gives the labs to the person who has pressed a key.
func (m *Model) endTour(msg tea.KeyMsg) tea.Cmd {
	leave := m.tour.leave || msg.Type == tea.KeyCtrlC || msg.String() == "q"
	m.tour = nil
	for _, s := range m.labs {
		s.lab.point = ""
	}
	if leave {
		return tea.Quit
	}
	m.host.say("ui.tour.yours")
	return nil
}

// tourRows is the sentence of the tour, in the two rows of the lab's question.
func (m chrome) tourRows(w, margin int) []string {
	const rows = 2
	step, number := m.tour.Step()
	head := m.host.th.Glyph.Running + " " + strconv.Itoa(number) + "/" + strconv.Itoa(len(m.tour.Tour().Steps)) + "  "
	text := step.Say(m.host.text.Lang())
	if m.tour.Done() {
		text = m.host.text.T("ui.tour.end")
	}
	var out []string
	for i, row := range balanced(text, w-margin-widget.Width(head)-1) {
		l := m.host.line(w).Gap(margin)
		if i == 0 {
			l.Put(m.host.th.Dim, head)
		}
		out = append(out, l.To(margin+widget.Width(head)).Put(m.host.th.Accent.Strong(), row).String())
	}
	return widget.Fit(out, w, rows)
}
