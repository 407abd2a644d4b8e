package input

import (
	"time"
	"unicode/utf8"
)

const (
	ctrlC  = 0x03
	bell   = 0x07
	cancel = 0x18 // CAN and SUB abort a control string
	sub    = 0x1a
	escape = 0x1b
	delete = 0x7f
)

// How long an unfinished sequence may stay unfinished.
const (
	escapeWait = 50 * time.Millisecond  // then it was the escape key
	keyWait    = 250 * time.Millisecond // for the rest of a sequence such as an arrow key
	stringWait = time.Second            // for the rest of a control string or a paste
)

// sequenceMost bounds the sequences that can be keys; longer ones are dropped.
const sequenceMost = 32

type state int

const (
	ground      state = iota
	escaped           // after ESC
	csi               // after ESC [
	ss3               // after ESC O
	skipOne           // one more byte belongs to a sequence that is dropped
	skipEscape        // ESC with intermediate bytes, up to its final byte
	x10               // the three bytes of a mouse event
	controlText       // OSC, DCS, SOS, PM, APC
	controlEsc        // ESC within one of those
	pasting           // a marked paste
)

// Decoder splits the bytes of a terminal into tokens: each is the bytes of one
// key, one mouse event, one paste between its marks, or a few text keys that
// arrived together. What is none of these yields no token.
//
// The zero value is ready. A Decoder is not safe for concurrent use.
type Decoder struct {
	state  state
	seq    []byte // of the sequence that is being read
	text   text
	paste  paste
	flood  flood
	tokens [][]byte
	last   time.Time // of the newest byte
}

// Feed takes bytes that were read together at now.
func (d *Decoder) Feed(p []byte, now time.Time) {
	if wait, waiting := d.Wait(); waiting && now.Sub(d.last) >= wait {
		d.Expire()
	}
	d.flood.refill(now)
	d.last = now
	for _, b := range p {
		d.take(b)
	}
	d.endText()
}

// Next returns the next token, or nil.
func (d *Decoder) Next() []byte {
	if len(d.tokens) == 0 {
		return nil
	}
	token := d.tokens[0]
	d.tokens = d.tokens[1:]
	return token
}

// Wait reports whether a sequence is unfinished, and how long after the newest
// byte Expire must be called.
func (d *Decoder) Wait() (wait time.Duration, waiting bool) {
	switch d.state {
	case ground:
		return keyWait, len(d.text.partial) > 0
	case escaped:
		return escapeWait, true
	case controlText, controlEsc, pasting:
		return stringWait, true
	default:
		return keyWait, true
	}
}

// Expire ends what is unfinished: an escape is the key, a paste is complete,
// anything else is dropped.
func (d *Decoder) Expire() {
	switch d.state {
	case escaped:
		d.key([]byte{escape})
	case pasting:
		d.paste.end(d.paste.tail)
		d.endPaste()
	}
	d.text.partial = nil
	d.state = ground
}

func (d *Decoder) take(b byte) {
	if b == ctrlC {
		d.interrupt()
		return
	}
	switch d.state {
	case ground:
		d.takeGround(b)
	case escaped:
		d.takeEscaped(b)
	case pasting:
		d.takePasted(b)
	case controlText, controlEsc:
		d.takeString(b)
	default:
		d.takeSequence(b)
	}
}

// interrupt emits ctrl+c and drops what was not read before it, as the driver of a
// terminal empties its input queue: a program that is slow with a flood of keys
// ends without them.
func (d *Decoder) interrupt() {
	d.endText()
	d.Expire()
	d.tokens = append(d.tokens[:0], []byte{ctrlC})
}

func (d *Decoder) takeGround(b byte) {
	switch {
	case b == escape:
		d.endText()
		d.state = escaped
	case d.text.continues(b): // of a letter: 0x80..0xbf introduce nothing here
		d.text.add(b)
	case b >= 0x80 && b < 0xa0: // an 8-bit control character
		d.endText()
		d.introduce(b-0x40, nil)
	case b >= 0x20 && b != delete || b == '\r' || b == '\n' || b == '\t':
		d.text.add(b)
	default:
		d.endText()
		d.key([]byte{b})
	}
}

// takeEscaped decides what an ESC introduces.
func (d *Decoder) takeEscaped(b byte) {
	switch {
	case b == escape:
		d.key([]byte{escape}) // and another one begins
	case b > 0x20 && b < 0x30:
		d.state = skipEscape
	case b >= 0x80:
		d.state = ground
		d.takeGround(b)
	case b < 0x20 && b != '\r' || b == 0x20:
		d.state = ground
	default:
		d.introduce(b, []byte{escape, b})
	}
}

// introduce begins what ESC b or its 8-bit form introduces. alt is what it
// is if it introduces nothing: a key with alt.
func (d *Decoder) introduce(b byte, alt []byte) {
	d.seq = d.seq[:0]
	switch b {
	case '[':
		d.state = csi
	case 'O':
		d.state = ss3
	case 'N': // one character of another set
		d.state = skipOne
	case ']', 'P', 'X', '^', '_':
		d.state = controlText
	case '\\': // the end of a string that has ended already
		d.state = ground
	default:
		d.state = ground
		if alt != nil {
			d.key(alt)
		}
	}
}

func (d *Decoder) takeString(b byte) {
	switch {
	case b == bell || b == cancel || b == sub || b == '\\' && d.state == controlEsc:
		d.state = ground
	case b == escape:
		d.state = controlEsc
	case d.state == controlEsc: // another sequence begins within the string
		d.state = escaped
		d.takeEscaped(b)
	}
}

// takeSequence reads the rest of a short sequence.
func (d *Decoder) takeSequence(b byte) {
	if b == escape || b == cancel || b == sub {
		d.state = ground
		if b == escape {
			d.state = escaped
		}
		return
	}
	d.seq = append(d.seq, b)
	switch d.state {
	case csi:
		d.takeCSI(b)
	case ss3:
		d.state = ground
		if arrow(b) {
			d.key([]byte{escape, 'O', b})
		}
	case skipOne:
		d.state = ground
	case skipEscape:
		if b >= 0x30 {
			d.state = ground
		}
	case x10:
		if len(d.seq) == 4 {
			d.state = ground
			d.key(append([]byte{escape, '['}, d.seq...))
		}
	}
}

func (d *Decoder) takeCSI(b byte) {
	switch {
	case b < 0x40: // a parameter or an intermediate byte
		if len(d.seq) > sequenceMost {
			d.seq = d.seq[:sequenceMost] // too long for a key
		}
	case b == '[' && len(d.seq) == 1: // a function key of the Linux console
		d.state = skipOne
	case b == 'M' && len(d.seq) == 1:
		d.state = x10
	case string(d.seq) == "200~":
		d.state = pasting
		d.paste = paste{}
	default:
		d.state = ground
		if len(d.seq) <= sequenceMost && isKey(d.seq) {
			d.key(append([]byte{escape, '['}, d.seq...))
		}
	}
}

func (d *Decoder) takePasted(b byte) {
	if d.paste.add(b) {
		d.endPaste()
	}
}

func (d *Decoder) endPaste() {
	d.state = ground
	if d.flood.allow(1) {
		d.emit(marked(d.paste.text))
	}
}

// endText emits the text keys that arrived together, as keys or as a paste.
func (d *Decoder) endText() {
	keys, pasted := d.text.end(d.last)
	switch n := utf8.RuneCount(keys); {
	case n == 0:
	case pasted:
		if d.flood.allow(1) {
			d.emit(marked(keys))
		}
	case d.flood.allow(n):
		d.emit(keys)
	}
}

func (d *Decoder) key(token []byte) {
	if d.flood.allow(1) {
		d.emit(token)
	}
}

// emit appends a copy of the token.
func (d *Decoder) emit(token []byte) {
	d.tokens = append(d.tokens, append([]byte(nil), token...))
}
