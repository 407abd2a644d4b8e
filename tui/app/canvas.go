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

// put draws rows into a Rect and makes them fit it exactly.
func (c *canvas) put(r Rect, rows []string) {
	if r.W <= 0 || r.H <= 0 {
		return
	}
	for i, row := range widget.Fit(rows, r.W, r.H) {
		y := r.Y + i
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
