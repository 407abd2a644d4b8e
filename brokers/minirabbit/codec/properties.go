package codec

import (
	"encoding/binary"
	"fmt"
)

// Presence flags of the content properties, as on the wire.
const (
	HasContentType     = 1 << 15
	HasContentEncoding = 1 << 14
	HasHeaders         = 1 << 13
	HasDeliveryMode    = 1 << 12
	HasPriority        = 1 << 11
	HasCorrelationID   = 1 << 10
	HasReplyTo         = 1 << 9
	HasExpiration      = 1 << 8
	HasMessageID       = 1 << 7
	HasTimestamp       = 1 << 6
	HasType            = 1 << 5
	HasUserID          = 1 << 4
	HasAppID           = 1 << 3
	HasClusterID       = 1 << 2
)

// Properties are the properties of a basic message as views of their encoded
// form: reading them takes no memory. A field counts only when its flag is in
// Present.
type Properties struct {
	Present         uint16
	ContentType     []byte
	ContentEncoding []byte
	Headers         []byte // an encoded table: see DecodeTable, LookupField
	DeliveryMode    uint8  // 2 means persistent
	Priority        uint8
	CorrelationID   []byte
	ReplyTo         []byte
	Expiration      []byte // milliseconds, in decimal
	MessageID       []byte
	Timestamp       uint64 // seconds since 1970
	Type            []byte
	UserID          []byte
	AppID           []byte
	ClusterID       []byte
}

// ParseProperties reads the flags and the property list of a content header.
// The result points into raw. The headers table is checked to its end.
func ParseProperties(raw []byte) (Properties, error) {
	var p Properties
	c := coder{buf: raw}
	c.short(&p.Present)
	if c.err == nil && p.Present&3 != 0 {
		return p, fmt.Errorf("%w: unknown property flags %#x", ErrSyntax, p.Present)
	}
	p.walk(&c)
	if c.err == nil && len(c.buf) > 0 {
		c.err = fmt.Errorf("%w: %d bytes after the last property", ErrSyntax, len(c.buf))
	}
	if c.err == nil && p.Present&HasHeaders != 0 {
		c.err = CheckTable(p.Headers)
	}
	return p, c.err
}

// Encode returns the flags and the property list as they go into a content
// header.
func (p *Properties) Encode() []byte {
	c := coder{encoding: true, buf: binary.BigEndian.AppendUint16(nil, p.Present)}
	p.walk(&c)
	return c.buf
}

// walk visits the present properties in the order of the wire.
func (p *Properties) walk(c *coder) {
	str := func(flag uint16, v *[]byte) {
		if p.Present&flag != 0 {
			c.shortBytes(v)
		}
	}
	str(HasContentType, &p.ContentType)
	str(HasContentEncoding, &p.ContentEncoding)
	if p.Present&HasHeaders != 0 {
		c.longBytes(&p.Headers)
	}
	if p.Present&HasDeliveryMode != 0 {
		c.octet(&p.DeliveryMode)
	}
	if p.Present&HasPriority != 0 {
		c.octet(&p.Priority)
	}
	str(HasCorrelationID, &p.CorrelationID)
	str(HasReplyTo, &p.ReplyTo)
	str(HasExpiration, &p.Expiration)
	str(HasMessageID, &p.MessageID)
	if p.Present&HasTimestamp != 0 {
		c.longlong(&p.Timestamp)
	}
	str(HasType, &p.Type)
	str(HasUserID, &p.UserID)
	str(HasAppID, &p.AppID)
	str(HasClusterID, &p.ClusterID)
}
