package app

import (
	"slices"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/i18n"
	"resilab/tui/pane"
	"resilab/tui/widget"
)

// fakeCard notes what it is asked.
type fakeCard struct {
	id     string
	next   string // the card of another lab that any key leads to
	did    []string
	typing bool
	judges bool

	measures bool
	figures  []string
	touched  int
}

func (c *fakeCard) Draw(f pane.Frame, focused bool) []string {
	head := "FAKE"
	if focused {
		head = "FAKE with the keys"
	}
	return widget.Fit([]string{widget.NewLine(f.Theme, f.W).Text(head).String()}, f.W, f.H)
}
func (c *fakeCard) Update(_ pane.Frame, msg tea.KeyMsg) (elsewhere string) {
	c.did = append(c.did, msg.String())
	return c.next
}
func (c *fakeCard) Touch()              { c.touched++ }
func (c *fakeCard) Show(id string) bool { return id == c.id }
func (c *fakeCard) Titles() []pane.CardTitle {
	return []pane.CardTitle{{ID: "A1", Title: func(lang i18n.Lang) string { return "title in " + string(lang) }}}
}
func (c *fakeCard) Typing() bool       { return c.typing }
func (c *fakeCard) Judges() bool       { return c.judges }
func (c *fakeCard) Measures() bool     { return c.measures }
func (c *fakeCard) Figures() []string  { return c.figures }
func (c *fakeCard) Observe(pane.Frame) {}
func (c *fakeCard) Check(pane.Frame)   { c.did = append(c.did, "check") }
func (c *fakeCard) Hint(pane.Frame)    { c.did = append(c.did, "hint") }
func (c *fakeCard) Leave() bool        { c.did = append(c.did, "leave"); return true }
func (c *fakeCard) Keys() []pane.CardKey {
	return []pane.CardKey{{Show: "enter", Means: "ui.hint.cause", Names: []string{"enter", "up", "left", "x", "0"}}}
}

// The footer names check and hint only while they help.
func TestFooterNamesCheckWhereItHelps(t *testing.T) {
	card := &fakeCard{}
	s := newStage(t, lookASCII, i18n.English, func(o *Options, _ []*fakeLab) { o.Labs[0].Card = card }).live(80, 24)
	s.press("c")
	s.hides(t, "c check")
	s.hides(t, "i hint")
	card.judges = true
	s.press("up") // the card may have gone on
	s.shows(t, "c check")
	s.shows(t, "i hint")
}

// The help begins with the card's keys where the card has the focus.
func TestHelpOfACard(t *testing.T) {
	s := newStage(t, lookASCII, i18n.English, func(o *Options, _ []*fakeLab) { o.Labs[0].Card = &fakeCard{} }).live(80, 24)
	s.press("c", "?")
	s.shows(t, "The card")
	s.hides(t, "async-retry: retries")
	s.press("esc", "tab", "?")
	s.hides(t, "The card")
	s.shows(t, "async-retry: retries")
}

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
	if a, _ := s.cur().lab.exp.Captured(); a == nil {
		t.Error("a does not capture while the card has the focus")
	}
	if got := s.cur().lab.exp.Settings().Int("retries"); got != 3 {
		t.Error("keys for the card turned a knob")
	}
	s.press("tab")
	s.hides(t, "FAKE with the keys")
	s.press("shift+tab", "q")
	s.hides(t, "FAKE")
	s.shows(t, "Card closed")
	if s.cur().focus != onKnobs {
		t.Error("the focus is not back on the knobs")
	}
}

// Every key is work at the card that is open, also one for the lab.
func TestKeysAreWorkAtTheOpenCard(t *testing.T) {
	card := &fakeCard{}
	s := newStage(t, lookASCII, i18n.English, func(o *Options, _ []*fakeLab) { o.Labs[0].Card = card }).live(120, 30)
	s.press("+", "down")
	if card.touched != 0 {
		t.Errorf("%d keys at a closed card", card.touched)
	}
	s.press("c", "+", "tab", "down", "v")
	if card.touched != 4 {
		t.Errorf("%d keys at the open card, want 4", card.touched)
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
	if s.cur().card.open {
		t.Error("a card is open where there is none")
	}
}

// The next card of the course may be another lab's: its lab comes to the front.
func TestACardOfAnotherLab(t *testing.T) {
	here, there := &fakeCard{id: "A1", next: "B1"}, &fakeCard{id: "B1"}
	s := english(t, func(o *Options, _ []*fakeLab) { o.Labs[0].Card, o.Labs[2].Card = here, there })
	s.press("c", "enter")
	if s.active != 2 || !s.cur().card.open || s.cur().focus != onCard || s.labs[0].card.open {
		t.Errorf("lab %d, open %t", s.active, s.cur().card.open)
	}
	if !slices.Contains(here.did, "leave") {
		t.Error("the card of the first lab is not left")
	}
}
