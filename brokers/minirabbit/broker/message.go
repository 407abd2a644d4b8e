package broker

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"

	"resilab/brokers/minirabbit/codec"
)

// A Message is a published message. It is immutable, so any number of queues share
// one.
type Message struct {
	Exchange   string
	RoutingKey string
	Props      []byte // encoded codec.Properties
	Body       []byte

	headers    []byte   // the headers table inside Props; nil when there is none
	copies     []string // further routing keys: the headers CC and BCC
	persistent bool
	priority   uint8
	expiration int64 // milliseconds; negative when there is none
	wantsReply bool  // directly to the channel that publishes it

	died    bool          // a broker wrote its header x-death
	lineage *atomic.Int32 // counts the dead letters of the same origin; nil before the first
}

// NewMessage returns a message after checking its properties. The property user-id
// must be missing or equal to user. The error is an *Error or wraps codec.ErrSyntax.
func NewMessage(exchange, key string, props, body []byte, user string) (*Message, error) {
	p, err := codec.ParseProperties(props)
	if err != nil {
		return nil, err
	}
	if p.Present&codec.HasUserID != 0 && string(p.UserID) != user {
		return nil, Refuse(PreconditionFailed, "user_id property set to '%s' but authenticated user was '%s'", p.UserID, user)
	}
	m := &Message{Exchange: exchange, RoutingKey: key, Props: props, Body: body}
	expiration := int64(-1)
	if p.Present&codec.HasExpiration != 0 {
		var fault string
		if expiration, fault = parseExpiration(string(p.Expiration)); fault != "" {
			return nil, Refuse(PreconditionFailed, "invalid expiration '%s': %s", p.Expiration, fault)
		}
	}
	if p.Present&codec.HasDeliveryMode != 0 && p.DeliveryMode != transient && p.DeliveryMode != persistent {
		return nil, Refuse(PreconditionFailed, "invalid message: {delivery_mode_unknown,%d}", p.DeliveryMode)
	}
	if err := m.index(&p); err != nil {
		return nil, err
	}
	m.expiration = expiration
	return m, nil
}

// The delivery modes. A message without one is transient.
const (
	transient  = 1
	persistent = 2
)

// index stores the properties that the broker uses. It refuses a header CC or BCC
// that is not a list. Elements that are not strings are ignored.
func (m *Message) index(p *codec.Properties) error {
	m.headers = p.Headers
	m.persistent = p.DeliveryMode == persistent
	m.priority = p.Priority
	m.wantsReply = wantsReply(p)
	m.expiration = -1
	for _, name := range []string{"CC", "BCC"} {
		v, ok := m.header(name)
		list, isList := v.(codec.Array)
		if ok && !isList {
			return Refuse(PreconditionFailed, "invalid message: {unacceptable_type_in_header,%q,%s}", name, typeName(v))
		}
		for _, k := range list {
			if s, ok := k.(string); ok {
				m.copies = append(m.copies, s)
			}
		}
	}
	return nil
}

// parseExpiration parses a message's time to live in milliseconds, a whole number.
// The fault is RabbitMQ's text.
func parseExpiration(s string) (ms int64, fault string) {
	digits := strings.TrimLeft(s, "+-")
	rest := strings.TrimLeft(digits, "0123456789")
	number := strings.TrimSuffix(s, rest)
	ms, err := strconv.ParseInt(number, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrSyntax):
		return 0, "no_integer"
	case rest != "":
		return 0, fmt.Sprintf("{leftover_string,%q}", rest)
	case ms < 0:
		return 0, "{value_negative," + number + "}"
	case ms > maxTTL || err != nil:
		return 0, "{value_too_large," + number + "}"
	}
	return ms, ""
}

// messageOverhead is the memory of a queued message beside its bytes: the Message and
// its entries in a queue and a channel.
const messageOverhead = 256

// size returns the bytes that a message counts against a memory limit.
func (m *Message) size() int64 {
	return int64(len(m.Body)+len(m.Props)+len(m.RoutingKey)) + messageOverhead
}

// keys returns every key the message is routed by: its own and the copies'.
func (m *Message) keys() []string { return append([]string{m.RoutingKey}, m.copies...) }

func (m *Message) header(name string) (any, bool) {
	if m.headers == nil {
		return nil, false
	}
	return codec.LookupField(m.headers, name)
}

// rewrite returns a copy with another exchange, key and properties. The copy has no
// time to live, even if the properties have one.
func (m *Message) rewrite(exchange, key string, p *codec.Properties) *Message {
	c := &Message{Exchange: exchange, RoutingKey: key, Props: p.Encode(), Body: m.Body, died: m.died}
	_ = c.index(p) // CC and BCC were checked before
	return c
}

// WithoutBCC returns the message without the header BCC, as recipients receive it.
func (m *Message) WithoutBCC() *Message {
	if _, ok := m.header("BCC"); !ok {
		return m
	}
	p, headers := m.decode()
	p.Headers = headers.Without("BCC").Encode()
	return m.revise(&p)
}

// revise returns a copy with other properties and the same time to live.
func (m *Message) revise(p *codec.Properties) *Message {
	c := m.rewrite(m.Exchange, m.RoutingKey, p)
	c.expiration = m.expiration
	return c
}

// decode reads the properties and the headers, which NewMessage has checked.
func (m *Message) decode() (codec.Properties, codec.Table) {
	p, _ := codec.ParseProperties(m.Props)
	headers, _ := codec.DecodeTable(p.Headers)
	return p, headers
}
