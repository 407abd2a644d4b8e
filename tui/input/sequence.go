package input

import (
	"bytes"
	"time"
)

// isKey reports whether ESC [ seq is a key that this program uses, or a mouse
// event: an arrow, home, end, page up and down, insert, delete or shift+tab, with
// or without modifiers. Function keys are left out because "ESC [ 1 ; 2 R" is
// shift+F3 and the cursor's position alike.
func isKey(seq []byte) bool {
	params, final := seq[:len(seq)-1], seq[len(seq)-1]
	switch {
	case len(params) == 0:
		return arrow(final) || final == 'Z'
	case params[0] == '<':
		return (final == 'M' || final == 'm') && bytes.Count(params, []byte{';'}) == 2 && numbers(params[1:])
	case arrow(final):
		return len(params) == 3 && bytes.HasPrefix(params, []byte("1;")) && numbers(params)
	case final == '~':
		number, modifier, _ := bytes.Cut(params, []byte{';'})
		return len(number) == 1 && number[0] >= '1' && number[0] <= '8' && len(modifier) <= 1 && numbers(params)
	}
	return false
}

// arrow reports whether a final byte is that of an arrow, home or end.
func arrow(final byte) bool { return final >= 'A' && final <= 'D' || final == 'H' || final == 'F' }

func numbers(params []byte) bool { return len(bytes.Trim(params, "0123456789;")) == 0 }

// flood bounds how many keys pass: a person's, with much to spare.
type flood struct {
	room float64
	at   time.Time
}

const (
	keysAtOnce    = 128
	keysPerSecond = 100
)

func (f *flood) refill(now time.Time) {
	if f.at.IsZero() {
		f.room = keysAtOnce
	}
	f.room = min(keysAtOnce, f.room+now.Sub(f.at).Seconds()*keysPerSecond)
	f.at = now
}

// allow reports whether n more keys may pass, and counts them.
func (f *flood) allow(n int) bool {
	if f.room < float64(n) {
		return false
	}
	f.room -= float64(n)
	return true
}
