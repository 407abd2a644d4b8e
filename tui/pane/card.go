package pane

// Card is the course's card beside a lab: a question, a prediction, runs A and
// B, a check. It belongs to one lab of one screen and is called from one
// goroutine. It may hold the lab's Experiment; none of its methods waits.
type Card interface {
	// Draw returns exactly f.H lines of exactly f.W cells. focused tells that
	// keys come here first.
	Draw(f Frame, focused bool) []string
	// Key is given the keys ("up", "left", "enter" …) that mean nothing
	// elsewhere while the card has the focus.
	Key(f Frame, key string)
	// Typing tells that the card reads text: then Key is given every key but
	// ctrl+c, text as it was typed or pasted, and "esc", "enter", "backspace".
	Typing() bool
	// Check judges the runs as they stand: the key c.
	Check(f Frame)
	// Hint shows the next hint: the key i.
	Hint(f Frame)
	// Keys lists what Key understands now, for the footer and the help: pairs
	// of a key and the catalogue's key of what it does.
	Keys() [][2]string
}
