package broker

import (
	"fmt"
	"strings"

	"resilab/brokers/minirabbit/codec"
)

// Kinds of queues. A quorum queue is kept like a classic one and behaves like
// one, except that it counts deliveries and forgets messages that come back too
// often.
const (
	classic = "classic"
	quorum  = "quorum"
)

// What a queue does when its length limit is reached.
const (
	dropHead         = "drop-head"
	rejectPublish    = "reject-publish"
	rejectPublishDLX = "reject-publish-dlx"
)

const unlimited = -1

// queueLimits are a queue's arguments, read. Times are in milliseconds; every
// number is unlimited (-1) where the argument is missing.
type queueLimits struct {
	kind          string
	ttl           int64
	expires       int64
	maxLength     int64
	maxBytes      int64
	overflow      string
	deliveryLimit int64
	priorities    int // how many: the highest priority and one
	single        bool
	hasDLX        bool
	dlx           string
	hasDLK        bool
	dlk           string
}

// limitArguments are the arguments that a re-declaration must repeat.
var limitArguments = []string{
	"x-expires", "x-message-ttl", "x-dead-letter-exchange", "x-dead-letter-routing-key",
	"x-dead-letter-strategy", "x-max-length", "x-max-length-bytes", "x-single-active-consumer",
	"x-max-priority", "x-overflow", "x-queue-mode", "x-queue-version", "x-queue-type",
	"x-quorum-initial-group-size", "x-max-in-memory-length", "x-max-in-memory-bytes",
	"x-delivery-limit",
}

// parseArguments reads a queue's arguments. Unknown ones are kept and ignored,
// bad ones are refused as RabbitMQ does.
func parseArguments(r resource, args codec.Table) (queueLimits, error) {
	p := argumentReader{of: r, args: args}
	l := queueLimits{
		kind:          p.oneOf("x-queue-type", `"unsupported queue type '%s'"`, classic, quorum),
		ttl:           p.number("x-message-ttl", 0, maxTTL),
		expires:       p.number("x-expires", 1, maxTTL),
		maxLength:     p.number("x-max-length", 0, 1<<62),
		maxBytes:      p.number("x-max-length-bytes", 0, 1<<62),
		overflow:      p.oneOf("x-overflow", "invalid_overflow", dropHead, rejectPublish, rejectPublishDLX),
		deliveryLimit: p.number("x-delivery-limit", 0, 1<<62),
		priorities:    1 + int(max(0, p.number("x-max-priority", 0, 255))),
		single:        p.flag("x-single-active-consumer"),
	}
	l.dlx, l.hasDLX = p.text("x-dead-letter-exchange")
	l.dlk, l.hasDLK = p.text("x-dead-letter-routing-key")
	if p.err == nil && l.hasDLK && !l.hasDLX {
		p.fail("x-dead-letter-routing-key", "routing_key_but_no_dlx_defined")
	}
	return l, p.err
}

// An argumentReader takes typed values out of a table; the first fault sticks.
type argumentReader struct {
	of   resource
	args codec.Table
	err  error
}

func (p *argumentReader) fail(name, fault string) {
	if p.err == nil {
		p.err = Refuse(PreconditionFailed, "invalid arg '%s' for %s: %s", name, p.of, fault)
	}
}

func (p *argumentReader) unacceptable(name string, v any) {
	p.fail(name, fmt.Sprintf("{unacceptable_type,%s}", typeName(v)))
}

// integer returns 0 when the argument is missing.
func (p *argumentReader) integer(name string) int64 {
	v, ok := p.args.Get(name)
	if !ok {
		return 0
	}
	n, ok := integer(v)
	if !ok {
		p.fail(name, fmt.Sprintf("\"expected integer, got %s\"", typeName(v)))
	}
	return n
}

func (p *argumentReader) number(name string, low, high int64) int64 {
	if _, ok := p.args.Get(name); !ok {
		return unlimited
	}
	n := p.integer(name)
	switch {
	case n < 0:
		p.fail(name, fmt.Sprintf("{value_negative,%d}", n))
	case n < low:
		p.fail(name, fmt.Sprintf("{value_zero,%d}", n))
	case n > high && name == "x-max-priority":
		p.fail(name, fmt.Sprintf("{max_value_exceeded,%d}", n))
	case n > high:
		p.fail(name, fmt.Sprintf("{value_too_big,%d}", n))
	}
	return n
}

func (p *argumentReader) flag(name string) bool {
	v, ok := p.args.Get(name)
	if !ok {
		return false
	}
	b, ok := v.(bool)
	if !ok {
		p.unacceptable(name, v)
	}
	return b
}

func (p *argumentReader) text(name string) (string, bool) {
	v, ok := p.args.Get(name)
	if !ok {
		return "", false
	}
	s, ok := v.(string)
	if !ok {
		p.unacceptable(name, v)
	}
	return s, true
}

// oneOf returns the first choice when the argument is missing. The fault may
// name the value.
func (p *argumentReader) oneOf(name, fault string, choices ...string) string {
	s, ok := p.text(name)
	if !ok {
		return choices[0]
	}
	for _, c := range choices {
		if s == c {
			return s
		}
	}
	p.fail(name, strings.ReplaceAll(fault, "%s", s))
	return choices[0]
}
