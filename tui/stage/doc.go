// Package stage shows one program's screen on many terminals. A frame is drawn
// once for each size that is followed, and its bytes are made once for each kind
// of terminal; followers share them. Presenting, watching and looking over a
// shoulder are all made of it.
package stage
