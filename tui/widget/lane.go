package widget

import (
	"strconv"

	"resilab/tui/theme"
)

// Item is one message in a lane: the label of its user and the number of its
// colour. The label alone tells whose it is.
type Item struct {
	Label  string
	Series int
}

// Lane draws a queue as a row: its name, what waits in it (the next to be
// handled at the left), and how many more there are than fit.
func Lane(th *theme.Theme, name string, items []Item, depth, nameWidth, w int) string {
	l := NewLine(th, w).Cell(th.Dim, name, nameWidth).Gap(1)
	tail := len(strconv.Itoa(depth)) + 2
	shown := 0
	for _, item := range items {
		if l.Left() < Width(item.Label)+1+tail {
			break
		}
		l.Put(th.Series(item.Series), item.Label).Gap(1)
		shown++
	}
	if depth > shown {
		l.Put(th.Dim, "+"+strconv.Itoa(depth-shown))
	}
	return l.String()
}
