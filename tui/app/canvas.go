package app

import (
	"strings"

	"resilab/tui/widget"
)

// canvas joins parts that stand beside each other into rows. Parts of one row
// are put from left to right.
type canvas struct {
	w    int
	rows []strings.Builder
	used []int
}

func newCanvas(w, h int) *canvas {
	c := &canvas{w: w, rows: make([]strings.Builder, h), used: make([]int, h)}
	for y := range c.rows {
		c.rows[y].Grow(3 * w)
	}
	return c
}

// put draws a view into the rectangle that it fills.
func (c *canvas) put(r Rect, view string) {
	if r.W <= 0 || r.H <= 0 {
		return
	}
	for y := r.Y; y < r.Y+r.H; y++ {
		row, rest, _ := strings.Cut(view, "\n")
		view = rest
		c.rows[y].WriteString(widget.Blank(r.X - c.used[y]))
		c.rows[y].WriteString(row)
		c.used[y] = r.X + r.W
	}
}

// String returns the screen, every row padded to its width.
func (c *canvas) String() string {
	var b strings.Builder
	b.Grow(len(c.rows) * 3 * c.w)
	for y := range c.rows {
		if y > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(c.rows[y].String())
		b.WriteString(widget.Blank(c.w - c.used[y]))
	}
	return b.String()
}
