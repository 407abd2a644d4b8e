// Package theme holds colours and glyphs of one session.
//
// A Theme is made once per session and is immutable; nothing in it is shared
// or global, so that over SSH every visitor has their own. It never asks the
// terminal anything: colours come from the environment, the background from
// an option, and where the background is unknown the colours are such that
// they can be read on black and on white.
//
// Text keeps the terminal's own foreground. A colour never speaks alone: a
// symbol or a word stands beside it.
package theme
