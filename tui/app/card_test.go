package app

import (
	"slices"
	"testing"

	"resilab/labs/i18n"
	"resilab/tui/pane"
	"resilab/tui/widget"
)

// fakeCard notes what it is asked.
type fakeCard struct {
	did    []string
	typing bool
}

func (c *fakeCard) Draw(f pane.Frame, focused bool) []string {
	head := "FAKE"
	if focused {
		head = "FAKE with the keys"
	}
	return widget.Fit([]string{widget.NewLine(f.Theme, f.W).Text(head).String()}, f.W, f.H)
}
func (c *fakeCard) Key(_ pane.Frame, key string) { c.did = append(c.did, key) }
func (c *fakeCard) Typing() bool                 { return c.typing }
func (c *fakeCard) Check(pane.Frame)             { c.did = append(c.did, "check") }
func (c *fakeCard) Hint(pane.Frame)              { c.did = append(c.did, "hint") }
func (c *fakeCard) Keys() [][2]string            { return [][2]string{{"enter", "ui.hint.do"}} }

func TestCard(t *testing.T) {
	card := &fakeCard{}
	s := newStage(t, lookASCII, i18n.English, func(o *Options, _ []*fakeLab) { o.Labs[0].Card = card }).live(80, 24)
	s.hides(t, "FAKE with the keys")
	s.press("c") // the first c opens it
	s.shows(t, "FAKE with the keys")
	s.press("up", "enter", "left", "x", "0", "c", "i", " ", "a")
	if want := []string{"up", "enter", "left", "x", "0", "check", "hint"}; !slices.Equal(card.did, want) {
		t.Errorf("the card was asked %v, want %v", card.did, want)
	}
	if a, _ := s.cur().exp.Captured(); a == nil {
		t.Error("a does not capture while the card has the focus")
	}
	if got := s.cur().exp.Settings().Int("retries"); got != 3 {
		t.Error("keys for the card turned a knob")
	}
	s.press("tab")
	s.hides(t, "FAKE with the keys")
	s.press("shift+tab", "q")
	s.hides(t, "FAKE")
	if s.cur().focus != onKnobs {
		t.Error("the focus is not back on the knobs")
	}
}

func TestCardThatReadsTextGetsEveryKey(t *testing.T) {
	card := &fakeCard{typing: true}
	s := newStage(t, lookASCII, i18n.English, func(o *Options, _ []*fakeLab) {
		o.Labs[0].Card, o.ShowCard = card, true
	}).live(80, 24)
	s.press("1", "2", ".", "q", "esc")
	if want := []string{"1", "2", ".", "q", "esc"}; !slices.Equal(card.did, want) {
		t.Errorf("the card got %v, want %v", card.did, want)
	}
	if !quits(s.press("ctrl+c")) {
		t.Error("ctrl+c does not leave")
	}
}

func TestLabsWithoutCards(t *testing.T) {
	s := english(t)
	s.press("c", "i")
	if s.cur().cardOpen {
		t.Error("a card is open where there is none")
	}
}
