// Package widget draws the small things that screens are made of: lines of
// cells, knobs, cards, bars, charts, logs. Every function is pure: it gets
// what it shows and a size, and returns text that fills exactly that size.
package widget
