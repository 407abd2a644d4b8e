// Package pane is where a lab's own picture meets the shell around it. The
// shell draws knobs, cards and the log of any lab from its Spec; a Picture
// adds what only that lab has to show. A lab without one is still usable.
package pane

import (
	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/theme"
)

// Frame is everything a picture may look at. It is valid for one Draw.
type Frame struct {
	W, H  int // the rectangle to fill, in cells; never negative
	Theme *theme.Theme
	Text  *i18n.Catalogue
	Spec  *lab.Spec
	// Snap is the lab's present state; never nil.
	Snap     *lab.Snapshot
	Settings lab.Settings // as shown; the engine may be a moment behind
	// A and B are the captured runs, nil where none was captured.
	A, B    *lab.Run
	Paused  bool
	View    int      // which of the picture's views is wanted, from 0
	History *History // how the metrics came to be what they are; may be nil
	Point   string   // the metric that a tour points at; empty: none
}

// Picture draws what only its lab has to show. It keeps no state: the same
// Frame gives the same lines, at any size from 0x0 up.
type Picture interface {
	// Draw returns exactly f.H lines of exactly f.W cells.
	Draw(f Frame) []string
	// Views is how many views there are to choose from, at least 1. Their names
	// are in the catalogue: <lab>.view.0 and so on.
	Views() int
}

// Noter is a Picture with something to say in the status row.
type Noter interface {
	// Note returns a few words about the lab's present state; empty: none.
	Note(f Frame) string
}

// Registry holds the pictures by the id of their lab.
type Registry map[string]Picture
