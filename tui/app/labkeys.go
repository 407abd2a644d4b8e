package app

import (
	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/lab"
)

// runKeys makes the keys that act on the run.
func (s *labScreen) runKeys() []binding {
	exp, keys := s.lab.exp, s.host.keys
	return []binding{
		keys.bind("pause", exp.TogglePause).footerNow(keys.of("pause").show, func() string {
			if s.lab.seen.phase == lab.Paused {
				return "ui.hint.resume"
			}
			return "ui.hint.pause"
		}),
		keys.bind("one", exp.Step),
		keys.bind("slower", func() { exp.ChangeSpeed(-1) }),
		keys.bind("faster", func() { exp.ChangeSpeed(1) }),
		keys.bind("fault", s.openFaults).only(func() bool { return len(s.lab.spec.Actions) > 0 }),
		keys.bind("capture_a", s.captureA).hinted("ui.hint.a"),
		keys.bind("capture_b", s.captureB).hinted("ui.hint.b"),
		keys.bind("reset", s.askReset),
	}
}

// partKeys makes the keys that act on what the lab's screen shows.
func (s *labScreen) partKeys() []binding {
	keys := s.host.keys
	hasCard := func() bool { return s.card.card != nil }
	return []binding{
		bind("tab", "focus_next", func() { s.moveFocus(1) }, "tab").footer("tab", "ui.hint.focus"),
		bind("shift+tab", "focus_back", func() { s.moveFocus(-1) }, "shift+tab"),
		keys.bind("table", s.toggleTable).footerNow(keys.of("table").show, func() string {
			if s.picture.table {
				return "ui.hint.picture"
			}
			return ""
		}),
		keys.bind("check", s.checkCard).only(hasCard).footerNow(keys.of("check").show, func() string {
			if s.card.open {
				return "ui.hint.check"
			}
			return "ui.hint.card"
		}),
		keys.bind("hint", s.hintCard).only(hasCard).hinted("ui.hint.hint"),
		keys.bind("export", s.openExport).only(func() bool { return s.lab.entry.Export != nil }),
		keys.bind("copy", copier{s}.open),
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

// showView shows a view of the picture, in the place of the table too.
func showView(s *labScreen, view int) {
	s.picture.view = view
	if s.picture.table {
		s.toggleTable()
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
	before := s.lab.exp.Settings()
	defaults := before
	for _, k := range s.knobs.knobs { // what was set up at the start stays
		defaults = defaults.With(k.ID, k.Default)
	}
	if err := s.lab.exp.SetAll(defaults); err != nil {
		s.knobs.problem = s.knobs.refusal(err)
		return
	}
	s.lab.exp.Restart()
	s.knobs.undo.record(before, defaults, s.now())
	s.knobs.problem = ""
	s.log.flow()
	s.say("ui.restarting")
}
