package snapshot

import (
	"fmt"
	"strings"
)

// shape is a rectangle inside a cell, in shares of its width and height.
// Blocks and lines are drawn as shapes, because fonts leave gaps between them.
type shape struct {
	x, y, w, h float64
	opacity    float64
}

const thin, thick = 0.07, 0.14 // of a cell's height

// drawn reports whether a character is drawn as shapes.
func drawn(char string) bool {
	for _, r := range char {
		return shapes(r) != nil
	}
	return false
}

// shapes are the parts of a block element or a line; nil for other characters.
func shapes(r rune) []shape {
	across := func(h float64) shape { return shape{0, 0.5 - h/2, 1, h, 1} }
	const cx, cw = 0.44, 0.14
	switch {
	case r == '░':
		return []shape{{0, 0, 1, 1, 0.18}}
	case r == '▒':
		return []shape{{0, 0, 1, 1, 0.4}}
	case r == '▓':
		return []shape{{0, 0, 1, 1, 0.7}}
	case r >= '▁' && r <= '█': // eighths from below
		h := float64(r-'▁'+1) / 8
		return []shape{{0, 1 - h, 1, h, 1}}
	case r >= '▉' && r <= '▏': // eighths from the left, falling
		return []shape{{0, 0, float64('▏'-r+1) / 8, 1, 1}}
	case r == '▀':
		return []shape{{0, 0, 1, 0.5, 1}}
	case r == '▐':
		return []shape{{0.5, 0, 0.5, 1, 1}}
	case r == '─':
		return []shape{across(thin)}
	case r == '━':
		return []shape{across(thick)}
	case r == '┃':
		return []shape{{0.38, 0, 0.26, 1, 1}}
	case r == '╌', r == '┄', r == '┈':
		return []shape{{0.1, 0.5 - thin/2, 0.3, thin, 1}, {0.6, 0.5 - thin/2, 0.3, thin, 1}}
	case r == '│':
		return []shape{{cx, 0, cw, 1, 1}}
	case r == '┼':
		return []shape{across(thin), {cx, 0.2, cw, 0.6, 1}}
	}
	return corner(r)
}

// corner draws the corners and branches of thin frames.
func corner(r rune) []shape {
	const cx, cw = 0.44, 0.14
	up, down := shape{cx, 0, cw, 0.5, 1}, shape{cx, 0.5, cw, 0.5, 1}
	left, right := shape{0, 0.5 - thin/2, 0.5, thin, 1}, shape{0.5, 0.5 - thin/2, 0.5, thin, 1}
	switch r {
	case '┌', '╭':
		return []shape{down, right}
	case '┐', '╮':
		return []shape{down, left}
	case '└', '╰':
		return []shape{up, right}
	case '┘', '╯':
		return []shape{up, left}
	case '├':
		return []shape{up, down, right}
	case '┤':
		return []shape{up, down, left}
	case '┬':
		return []shape{down, left, right}
	case '┴':
		return []shape{up, left, right}
	}
	return nil
}

// write draws the shape n times side by side: full-width parts as one.
func (s shape) write(b *strings.Builder, x, top float64, n int, fill string) {
	opacity := ""
	if s.opacity < 1 {
		opacity = fmt.Sprintf(` opacity="%.2f"`, s.opacity)
	}
	one := func(x, w float64) {
		fmt.Fprintf(b, `<rect x="%.2f" y="%.2f" width="%.2f" height="%.2f" fill="%s"%s shape-rendering="crispEdges"/>`+"\n", x, top+s.y*cellH, w, s.h*cellH, fill, opacity)
	}
	if s.w == 1 {
		one(x, float64(n)*cellW)
		return
	}
	for i := range n {
		one(x+(float64(i)+s.x)*cellW, s.w*cellW)
	}
}
