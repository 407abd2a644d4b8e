package input

import (
	"bytes"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	// typedAtOnce is how many different text keys may arrive together and still
	// be keys: a slow line delivers a few at once. More are a paste without marks.
	typedAtOnce = 4
	// heldMost bounds how often one held key may arrive together.
	heldMost = 32
	// pasteGoesOn is how soon after an unmarked paste text is still part of it.
	pasteGoesOn = 30 * time.Millisecond
	// pasteMost bounds a paste, in bytes: no field takes more, and with its marks it
	// fits the buffer of 256 bytes that Bubble Tea reads into.
	pasteMost = 240
)

var (
	pasteBegin = []byte("\x1b[200~")
	pasteEnd   = []byte("\x1b[201~")
)

// marked puts a paste between its marks.
func marked(text []byte) []byte {
	return append(append(append([]byte(nil), pasteBegin...), text...), pasteEnd...)
}

// text collects the text keys that arrive together.
type text struct {
	keys    []byte    // whole characters
	partial []byte    // the beginning of one
	pasted  time.Time // when the newest part of an unmarked paste arrived
}

// continues reports whether b continues an unfinished character.
func (t *text) continues(b byte) bool { return len(t.partial) > 0 && !utf8.RuneStart(b) }

func (t *text) add(b byte) {
	if utf8.RuneStart(b) {
		t.partial = t.partial[:0]
	}
	t.partial = append(t.partial, b)
	if b >= 0x80 && !utf8.FullRune(t.partial) {
		return
	}
	r, n := utf8.DecodeRune(t.partial)
	if n == len(t.partial) && r != utf8.RuneError && !unicode.Is(unicode.Cc, r) || isBlank(b) {
		t.keys = append(t.keys, t.partial...)
	}
	t.partial = t.partial[:0]
	if len(t.keys) > 2*pasteMost { // enough to know that it is a paste
		t.keys = t.keys[:2*pasteMost]
	}
}

func isBlank(b byte) bool { return b == '\r' || b == '\n' || b == '\t' }

// end returns what has been collected and whether it is a paste.
func (t *text) end(now time.Time) (keys []byte, pasted bool) {
	keys, t.keys = t.keys, nil
	if len(keys) == 0 {
		return nil, false
	}
	if now.Sub(t.pasted) < pasteGoesOn || looksPasted(keys) {
		t.pasted = now
		return cutText(keys, pasteMost), true
	}
	return keys, false
}

// looksPasted reports whether keys that arrived together cannot have been typed.
func looksPasted(keys []byte) bool {
	n := utf8.RuneCount(keys)
	_, size := utf8.DecodeRune(keys)
	held := bytes.Count(keys, keys[:size])*size == len(keys)
	return n > heldMost || n > typedAtOnce && !held
}

// cutText returns at most n bytes of text in whole characters, line breaks and
// tabs as blanks.
func cutText(keys []byte, n int) []byte {
	for len(keys) > n {
		_, size := utf8.DecodeLastRune(keys)
		keys = keys[:len(keys)-size]
	}
	return bytes.Map(func(r rune) rune {
		if r < 0x20 {
			return ' '
		}
		return r
	}, keys)
}

// paste collects a marked paste.
type paste struct {
	text []byte // the first pasteMost bytes, without control characters
	tail []byte // the newest bytes, to find the end mark
}

// add takes a byte and reports whether the paste is complete.
func (p *paste) add(b byte) (complete bool) {
	p.tail = append(p.tail, b)
	if bytes.HasSuffix(p.tail, pasteEnd) {
		p.end(p.tail[:len(p.tail)-len(pasteEnd)])
		return true
	}
	if over := len(p.tail) - len(pasteEnd); over > 0 {
		p.keep(p.tail[:over])
		p.tail = append(p.tail[:0], p.tail[over:]...)
	}
	return false
}

// end completes the text with its last bytes.
func (p *paste) end(last []byte) {
	p.keep(last)
	p.text = cutText(bytes.ToValidUTF8(p.text, nil), pasteMost)
}

func (p *paste) keep(b []byte) {
	for _, c := range b {
		if len(p.text) < pasteMost && (c >= 0x20 && c != delete || isBlank(c)) {
			p.text = append(p.text, c)
		}
	}
}
