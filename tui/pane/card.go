package pane

import (
	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/i18n"
)

// Card is the course's card beside a lab: a question, a prediction, runs A and
// B, a check. It belongs to one lab of one screen and is called from one
// goroutine. It may hold the lab's Experiment; none of its methods waits.
type Card interface {
	// Draw returns exactly f.H lines of exactly f.W cells and changes nothing.
	// focused reports whether keys go to the card first.
	Draw(f Frame, focused bool) []string
	// Observe is called before a frame is drawn when the figures or the captured
	// runs may have changed.
	Observe(f Frame)
	// Update is called with the keys that Keys lists, and, while Typing, with
	// every key but ctrl+c and with pasted text. It returns the id of a card of
	// another lab where the student goes on to that, else "".
	Update(f Frame, msg tea.KeyMsg) (elsewhere string)
	// Touch is called at each key while the card is open, whatever the key is for.
	Touch()
	// Show opens the card with an id and reports whether it is one of this lab.
	Show(id string) bool
	// Titles lists the cards of the course, of all labs, in its order.
	Titles() []CardTitle
	// Typing reports whether the card reads text.
	Typing() bool
	// Check judges the runs as they stand: the key c.
	Check(f Frame)
	// Hint shows the next hint: the key i.
	Hint(f Frame)
	// Keys lists the keys that Update takes now, the most important first.
	Keys() []CardKey
	// Judges reports whether Check and Hint help at this point.
	Judges() bool
	// Measures reports whether a run of the card is under way, which goes on while
	// the lab is not shown.
	Measures() bool
	// Figures are the metrics that the card looks at; none: all may matter.
	Figures() []string
	// Leave is called when the card is closed. It restores the settings from
	// before the card and reports whether it did.
	Leave() (restored bool)
}

// CardTitle is a card by its id and its title in a language.
type CardTitle struct {
	ID    string
	Title func(i18n.Lang) string
}

// CardKey is a key of a card.
type CardKey struct {
	Show  string   // how it is written for people
	Means string   // the catalogue's key of what it does
	Names []string // as Bubble Tea names it
}
