package app

import (
	"slices"
	"strings"
	"testing"

	"resilab/tui/widget"
)

// Others see the screen in their sizes; the own one stays as it is, however far
// it is scrolled.
func TestOthersSeeTheScreenInTheirSizes(t *testing.T) {
	for _, keys := range [][]string{nil, {"?", "down", "down", "down"}, {"f", "down"}, {"a", "b", "down", "down"}, {"/", "x"}} {
		s := english(t).live(80, 24)
		s.press(keys...)
		s.settle()
		before, revision := s.View(), s.Revision()
		for _, size := range [][2]int{{120, 40}, {200, 60}, {60, 16}, {20, 5}, {80, 24}, {100, 30}} {
			rows := strings.Split(s.ViewAt(size[0], size[1]), "\n")
			if len(rows) != size[1] {
				t.Errorf("%v: %d rows at %v", keys, len(rows), size)
			}
			for _, row := range rows {
				if widget.Width(row) != size[0] {
					t.Errorf("%v: a row of %d cells at %v: %q", keys, widget.Width(row), size, row)
				}
			}
		}
		if s.View() != before || s.Revision() != revision {
			t.Errorf("%v: the own screen has changed", keys)
		}
		s.host.changed()
		if s.Update(nil); s.View() != before {
			t.Errorf("%v: the own screen is drawn differently", keys)
		}
	}
}

func TestFurtherKeys(t *testing.T) {
	pressed := 0
	s := english(t, func(o *Options, _ []*fakeLab) {
		o.Keys = []Key{{Key: "P", Means: "present", Run: func() { pressed++ }}}
	})
	s.press("P", "enter", "P", "esc") // the second one is text
	if pressed != 1 {
		t.Errorf("pressed %d times", pressed)
	}
	s.press("?", "pgdown")
	s.shows(t, "present your screen to the class")
}

func TestATeacherOpensACardAndGivesAHint(t *testing.T) {
	card := &fakeCard{id: "B1"}
	s := english(t, func(o *Options, _ []*fakeLab) { o.Labs[2].Card = card })
	s.Update(HintMsg{}) // the lab that is shown has no card
	s.press("?")
	s.Update(OpenCardMsg("Z9"))
	s.Update(OpenCardMsg("B1"))
	if s.active != 2 || !s.cur().card.open || s.cur().focus != onCard || s.host.overlay != nil {
		t.Errorf("lab %d, open %t", s.active, s.cur().card.open)
	}
	s.Update(HintMsg{})
	if !slices.Contains(card.did, "hint") {
		t.Error("no hint")
	}
}
