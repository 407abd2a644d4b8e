package codec

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// A Table is an AMQP field table. It is a list, not a map: the order of the
// fields survives, and writing a table that was read gives the same bytes.
//
// A value is one of: nil, bool, int8, uint8, int16, uint16, int32, uint32,
// int64, uint64, float32, float64, [Decimal], string, []byte, [Timestamp],
// Table or [Array] of such values.
type Table []Field

// A Field is one entry of a [Table]. Names are at most 255 bytes.
type Field struct {
	Name  string
	Value any
}

// An Array is an ordered list of field values of any types.
type Array []any

// A Timestamp is a time in whole seconds since 1970.
type Timestamp uint64

// A Decimal is Value divided by ten to the power of Scale.
type Decimal struct {
	Scale uint8
	Value int32
}

// Get returns the value of the first field with that name.
func (t Table) Get(name string) (value any, ok bool) {
	if i := t.index(name); i >= 0 {
		return t[i].Value, true
	}
	return nil, false
}

// With returns a copy of the table where the field has that value; a field
// that was there keeps its place, a new one comes last.
func (t Table) With(name string, value any) Table {
	c := slices.Clone(t)
	if i := c.index(name); i >= 0 {
		c[i].Value = value
		return c
	}
	return append(c, Field{name, value})
}

// Without returns a copy of the table that lacks the field.
func (t Table) Without(name string) Table {
	return slices.DeleteFunc(slices.Clone(t), func(f Field) bool { return f.Name == name })
}

func (t Table) index(name string) int {
	return slices.IndexFunc(t, func(f Field) bool { return f.Name == name })
}

// Encode returns the fields as bytes, without the table's length.
func (t Table) Encode() []byte {
	return t.append(nil)[4:]
}

// append writes the table's length and its fields.
func (t Table) append(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	for _, f := range t {
		name := f.Name[:min(len(f.Name), math.MaxUint8)]
		dst = append(append(dst, byte(len(name))), name...)
		dst = appendValue(dst, f.Value)
	}
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst
}

func (a Array) append(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	for _, v := range a {
		dst = appendValue(dst, v)
	}
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst
}

// appendValue writes the type's letter and the value. A Go type that no letter
// stands for is written as void: only code of this module builds tables, and
// the round-trip tests cover every type it may use.
func appendValue(dst []byte, value any) []byte {
	be := binary.BigEndian
	switch v := value.(type) {
	case bool:
		return append(dst, 't', map[bool]byte{true: 1}[v])
	case int8:
		return append(dst, 'b', byte(v))
	case uint8:
		return append(dst, 'B', v)
	case int16:
		return be.AppendUint16(append(dst, 's'), uint16(v))
	case uint16:
		return be.AppendUint16(append(dst, 'u'), v)
	case int32:
		return be.AppendUint32(append(dst, 'I'), uint32(v))
	case uint32:
		return be.AppendUint32(append(dst, 'i'), v)
	case int64:
		return be.AppendUint64(append(dst, 'l'), uint64(v))
	case uint64:
		return be.AppendUint64(append(dst, 'L'), v)
	case float32:
		return be.AppendUint32(append(dst, 'f'), math.Float32bits(v))
	case float64:
		return be.AppendUint64(append(dst, 'd'), math.Float64bits(v))
	case Decimal:
		return be.AppendUint32(append(dst, 'D', v.Scale), uint32(v.Value))
	case Timestamp:
		return be.AppendUint64(append(dst, 'T'), uint64(v))
	case string:
		return append(be.AppendUint32(append(dst, 'S'), uint32(len(v))), v...)
	case []byte:
		return append(be.AppendUint32(append(dst, 'x'), uint32(len(v))), v...)
	case Table:
		return v.append(append(dst, 'F'))
	case Array:
		return v.append(append(dst, 'A'))
	default:
		return append(dst, 'V')
	}
}

// maxDepth is how deep tables and arrays may nest: enough for any real header,
// and a bound on the stack that a hostile one can make the decoder use.
const maxDepth = 64

// DecodeTable reads the fields of a table (its length already taken off).
func DecodeTable(raw []byte) (Table, error) {
	d := coder{buf: raw}
	t := d.fields(maxDepth)
	return t, d.err
}

func (c *coder) fields(depth int) Table {
	var t Table
	for c.err == nil && len(c.buf) > 0 {
		var name []byte
		c.shortBytes(&name)
		v := c.value(depth)
		if c.err == nil {
			t = append(t, Field{string(name), v})
		}
	}
	return t
}

func (c *coder) value(depth int) any {
	kind, raw := c.rawValue()
	if c.err != nil {
		return nil
	}
	be := binary.BigEndian
	switch kind {
	case 't':
		return raw[0] != 0
	case 'b':
		return int8(raw[0])
	case 'B':
		return raw[0]
	case 's':
		return int16(be.Uint16(raw))
	case 'u':
		return be.Uint16(raw)
	case 'I':
		return int32(be.Uint32(raw))
	case 'i':
		return be.Uint32(raw)
	case 'l':
		return int64(be.Uint64(raw))
	case 'L':
		return be.Uint64(raw)
	case 'f':
		return math.Float32frombits(be.Uint32(raw))
	case 'd':
		return math.Float64frombits(be.Uint64(raw))
	case 'D':
		return Decimal{raw[0], int32(be.Uint32(raw[1:]))}
	case 'T':
		return Timestamp(be.Uint64(raw))
	case 'S':
		return string(raw)
	case 'x':
		return slices.Clone(raw)
	case 'F', 'A':
		return c.nested(kind, raw, depth-1)
	}
	return nil // 'V', the only kind left
}

func (c *coder) nested(kind byte, raw []byte, depth int) any {
	if depth == 0 {
		c.err = fmt.Errorf("%w: tables nested deeper than %d", ErrSyntax, maxDepth)
		return nil
	}
	inner := coder{buf: raw}
	defer func() { c.err = inner.err }()
	if kind == 'F' {
		return inner.fields(depth)
	}
	a := Array{}
	for inner.err == nil && len(inner.buf) > 0 {
		a = append(a, inner.value(depth))
	}
	return a
}

// fixedSize gives the bytes that a value of each kind takes; kinds with a
// 32-bit length before them are marked -1, unknown ones are missing.
func fixedSize(kind byte) (n int, known bool) {
	switch kind {
	case 'V':
		return 0, true
	case 't', 'b', 'B':
		return 1, true
	case 's', 'u':
		return 2, true
	case 'I', 'i', 'f':
		return 4, true
	case 'D':
		return 5, true
	case 'l', 'L', 'd', 'T':
		return 8, true
	case 'S', 'x', 'F', 'A':
		return -1, true
	}
	return 0, false
}

// rawValue takes one value's kind and bytes off the input.
func (c *coder) rawValue() (kind byte, raw []byte) {
	c.octet(&kind)
	if c.err != nil {
		return kind, nil
	}
	n, known := fixedSize(kind)
	if !known {
		c.err = fmt.Errorf("%w: unknown field type %q", ErrSyntax, kind)
		return kind, nil
	}
	if n < 0 {
		c.longBytes(&raw)
		return kind, raw
	}
	return kind, c.take(n)
}

// CheckTable returns the error that [DecodeTable] would return, without building a
// table.
func CheckTable(raw []byte) error {
	c := coder{buf: raw}
	c.check(true, maxDepth)
	return c.err
}

func (c *coder) check(named bool, depth int) {
	if depth == 0 {
		c.err = fmt.Errorf("%w: tables nested deeper than %d", ErrSyntax, maxDepth)
	}
	for c.err == nil && len(c.buf) > 0 {
		if named {
			c.reservedStr()
		}
		kind, raw := c.rawValue()
		if c.err == nil && (kind == 'F' || kind == 'A') {
			inner := coder{buf: raw}
			inner.check(kind == 'F', depth-1)
			c.err = inner.err
		}
	}
}

// LookupField finds one field of an encoded table and decodes only its value.
// Malformed bytes before it count as not found.
func LookupField(raw []byte, name string) (value any, ok bool) {
	c := coder{buf: raw}
	for c.err == nil && len(c.buf) > 0 {
		var n []byte
		c.shortBytes(&n)
		if c.err == nil && string(n) == name {
			v := c.value(maxDepth)
			return v, c.err == nil
		}
		c.rawValue()
	}
	return nil, false
}
