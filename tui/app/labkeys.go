package app

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/lab"
)

// runKeys act on the run.
func (s *labScreen) runKeys() []binding {
	exp := s.lab.exp
	pause := bind("space", "pause", exp.TogglePause, " ").footer("space", "ui.hint.pause")
	if s.lab.seen.phase == lab.Paused {
		pause.foot.means = "ui.hint.resume"
	}
	return []binding{
		pause,
		bind(".", "one", exp.Step, "."),
		bind("<", "slower", func() { exp.ChangeSpeed(-1) }, "<"),
		bind(">", "faster", func() { exp.ChangeSpeed(1) }, ">"),
		bind("f", "fault", s.openFaults, "f").only(func() bool { return len(s.lab.spec.Actions) > 0 }),
		bind("a", "capture_a", s.captureA, "a").footer("a", "ui.hint.a"),
		bind("b", "capture_b", s.captureB, "b").footer("b", "ui.hint.b"),
		bind("R", "reset", s.askReset, "R"),
	}
}

// partKeys act on what the lab's screen shows.
func (s *labScreen) partKeys() []binding {
	hasCard := func() bool { return s.card.card != nil }
	check := bind("c", "check", s.checkCard, "c").only(hasCard).footer("c", "ui.hint.card")
	if s.card.open {
		check.foot.means = "ui.hint.check"
	}
	table := bind("t", "table", s.toggleTable, "t")
	if s.picture.table {
		table = table.footer("t", "ui.hint.picture")
	}
	return []binding{
		bind("tab", "focus_next", func() { s.moveFocus(1) }, "tab").footer("tab", "ui.hint.focus"),
		bind("shift+tab", "focus_back", func() { s.moveFocus(-1) }, "shift+tab"),
		table,
		check,
		bind("i", "hint", s.hintCard, "i").only(hasCard).footer("i", "ui.hint.hint"),
		bind("e", "export", s.openExport, "e").only(func() bool { return s.lab.entry.Export != nil }),
	}
}

// captureA keeps the run as A, and its charts as the ghost of later ones.
func (s *labScreen) captureA() {
	if s.lab.snap == nil {
		return
	}
	s.lab.exp.CaptureA()
	s.lab.history.KeepGhost()
	s.card.observe()
	if !s.card.open { // else the card says what comes of it
		s.say("ui.captured_a")
	}
}

// captureB keeps the run as B and shows both side by side.
func (s *labScreen) captureB() {
	if s.lab.snap == nil {
		return
	}
	s.lab.exp.CaptureB()
	s.card.observe()
	if a, _ := s.lab.exp.Captured(); a == nil {
		s.say("ui.captured_b_first")
		return
	}
	if s.card.open {
		return
	}
	if !s.picture.table {
		s.toggleTable()
	}
	s.say("ui.captured_b")
}

// toggleTable shows runs A and B side by side, or the picture again.
func (s *labScreen) toggleTable() {
	s.picture.table = !s.picture.table
	s.picture.scroll.Top = 0
	switch {
	case s.picture.table:
		s.setFocus(onTable)
	case s.focus == onTable:
		s.setFocus(onKnobs)
	}
}

// checkCard opens the course card, or checks it where it is open.
func (s *labScreen) checkCard() {
	if s.card.open {
		s.card.card.Check(s.card.frame())
	}
	s.openCard()
}

func (s *labScreen) openCard() {
	s.card.open = true
	s.setFocus(onCard)
	s.card.observe()
}

func (s *labScreen) hintCard() {
	s.openCard()
	s.card.card.Hint(s.card.frame())
}

// askReset asks before everything of the run is lost.
func (s *labScreen) askReset() {
	spec := s.lab.spec
	s.ask(s.text.T("ui.confirm.reset", s.text.T(spec.ID+".name")), func() tea.Cmd {
		s.reset()
		return nil
	})
}

func (s *labScreen) reset() {
	defaults := s.lab.exp.Settings()
	for _, k := range s.knobs.knobs { // what was set up at the start stays
		defaults = defaults.With(k.ID, k.Default)
	}
	if err := s.lab.exp.SetAll(defaults); err != nil {
		s.knobs.problem = s.knobs.refusal(err)
		return
	}
	s.lab.exp.Restart()
	s.knobs.problem = ""
	s.log.flow()
	s.say("ui.restarting")
}

func (s *labScreen) openExport() {
	spec := s.lab.spec
	code := strings.ReplaceAll(s.lab.entry.Export(s.lab.exp.Settings()), "\t", "    ")
	s.overlay = newPage(s.host, s.text.T("ui.export.title", s.text.T(spec.ID+".name")), func(w int) []string {
		return s.codeRows(strings.Split(code, "\n"), w)
	}, "e")
}

func (s *labScreen) openFaults() {
	var faults, others []lab.Action
	for _, a := range s.lab.spec.Actions {
		if a.Fault {
			faults = append(faults, a)
		} else {
			others = append(others, a)
		}
	}
	s.overlay = &menu{host: s.host, lab: s.lab, actions: append(faults, others...)}
}
