package pane

// Card is the course's card beside a lab: a question, a prediction, runs A and
// B, a check. It belongs to one lab of one screen and is called from one
// goroutine. It may hold the lab's Experiment; none of its methods waits.
type Card interface {
	// Draw returns exactly f.H lines of exactly f.W cells. focused tells that
	// keys come here first.
	Draw(f Frame, focused bool) []string
	// Key offers a key ("up", "enter", "5" …) while the card has the focus,
	// except those that mean the same everywhere. False: it is not for the card.
	Key(f Frame, key string) (used bool)
	// Check judges the runs as they stand: the key c.
	Check(f Frame)
	// Hint shows the next hint: the key i.
	Hint(f Frame)
	// Keys lists what Key understands now, for the footer and the help: pairs
	// of a key and the catalogue's key of what it does.
	Keys() [][2]string
}
