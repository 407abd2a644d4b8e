package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// ErrSyntax says that the bytes of a method, a header or a table do not follow
// the grammar; every decoding error of this package wraps it.
var ErrSyntax = errors.New("syntax error")

var errShort = fmt.Errorf("%w: the data ends inside a field", ErrSyntax)

// A textError reports that a short string is not UTF-8. Its text is RabbitMQ's.
type textError struct{}

func (textError) Error() string        { return "Malformed UTF-8 in shortstr" }
func (textError) Is(target error) bool { return target == ErrSyntax }

// A coder walks the fields of a method in one of two directions. Describing a
// method once as a list of coder calls gives both its decoder and its encoder.
//
// Decoding consumes buf from the front, and the first error sticks: later
// calls do nothing. Encoding appends to buf and cannot fail; strings longer
// than their length field are cut.
type coder struct {
	buf      []byte
	encoding bool
	edition  Edition
	err      error
}

// take consumes n bytes, or fails when they are not there.
func (c *coder) take(n int) []byte {
	if c.err != nil {
		return nil
	}
	if n < 0 || n > len(c.buf) {
		c.err = errShort
		return nil
	}
	b := c.buf[:n:n]
	c.buf = c.buf[n:]
	return b
}

func (c *coder) octet(v *uint8) {
	if c.encoding {
		c.buf = append(c.buf, *v)
	} else if b := c.take(1); b != nil {
		*v = b[0]
	}
}

func (c *coder) short(v *uint16) {
	if c.encoding {
		c.buf = binary.BigEndian.AppendUint16(c.buf, *v)
	} else if b := c.take(2); b != nil {
		*v = binary.BigEndian.Uint16(b)
	}
}

func (c *coder) long(v *uint32) {
	if c.encoding {
		c.buf = binary.BigEndian.AppendUint32(c.buf, *v)
	} else if b := c.take(4); b != nil {
		*v = binary.BigEndian.Uint32(b)
	}
}

func (c *coder) longlong(v *uint64) {
	if c.encoding {
		c.buf = binary.BigEndian.AppendUint64(c.buf, *v)
	} else if b := c.take(8); b != nil {
		*v = binary.BigEndian.Uint64(b)
	}
}

// bits packs up to eight flags into one octet, the first in the lowest bit.
func (c *coder) bits(flags ...*bool) {
	var packed uint8
	if c.encoding {
		for i, f := range flags {
			if *f {
				packed |= 1 << i
			}
		}
	}
	c.octet(&packed)
	if c.encoding || c.err != nil {
		return
	}
	for i, f := range flags {
		*f = packed&(1<<i) != 0
	}
}

// shortBytes is a string of at most 255 bytes; decoding returns a view of the
// input.
func (c *coder) shortBytes(v *[]byte) {
	if c.encoding {
		s := (*v)[:min(len(*v), math.MaxUint8)]
		c.buf = append(append(c.buf, byte(len(s))), s...)
		return
	}
	if n := c.take(1); n != nil {
		*v = c.take(int(n[0]))
	}
}

// shortstr decodes into a new string, which must be UTF-8. A value that is already there
// stays, so a method structure used again and again for the same exchange and
// key costs no allocation.
func (c *coder) shortstr(v *string) {
	if c.encoding {
		s := (*v)[:min(len(*v), math.MaxUint8)]
		c.buf = append(append(c.buf, byte(len(s))), s...)
		return
	}
	var b []byte
	c.shortBytes(&b)
	if c.err != nil || *v == string(b) {
		return
	}
	if !utf8.Valid(b) {
		c.err = textError{}
		return
	}
	*v = string(b)
}

// longBytes is a string whose length is a 32-bit number; decoding returns a
// view of the input.
func (c *coder) longBytes(v *[]byte) {
	if c.encoding {
		c.buf = binary.BigEndian.AppendUint32(c.buf, uint32(len(*v)))
		c.buf = append(c.buf, *v...)
		return
	}
	var n uint32
	c.long(&n)
	*v = c.takeLong(n)
}

func (c *coder) longstr(v *string) {
	b := []byte(*v)
	c.longBytes(&b)
	if !c.encoding && c.err == nil {
		*v = string(b)
	}
}

// takeLong is take for a length that came off the wire as 32 bits.
func (c *coder) takeLong(n uint32) []byte {
	if c.err == nil && uint64(n) > uint64(len(c.buf)) {
		c.err = errShort
	}
	return c.take(int(n))
}

func (c *coder) table(v *Table) {
	if c.encoding {
		c.buf = v.append(c.buf)
		return
	}
	var raw []byte
	c.longBytes(&raw)
	if c.err == nil {
		*v, c.err = DecodeTable(raw)
	}
}

// reserved fields carry nothing: zero when written, ignored when read.
func (c *coder) reservedShort()   { var v uint16; c.short(&v) }
func (c *coder) reservedStr()     { var v []byte; c.shortBytes(&v) }
func (c *coder) reservedLongStr() { var v []byte; c.longBytes(&v) }
func (c *coder) reservedBits()    { var v uint8; c.octet(&v) }
