// Package input reads keys from a terminal, for the local program and for
// visitors over SSH alike. It stands in front of Bubble Tea's own reader and
// passes on only what is certainly a key, a mouse event or a paste:
//
//   - answers of the terminal (colours, cursor position, version, focus) and all
//     other control strings are dropped whole, however they are split into reads;
//   - pasted text is marked as a paste also where the terminal does not mark it;
//   - more keys than a person presses are dropped, never queued;
//   - ctrl+c is passed on from anywhere, ahead of the keys that were not read yet.
//
// A program reads with a [Reader] and splits what Bubble Tea reports with [Keys].
package input
