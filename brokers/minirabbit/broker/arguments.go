package broker

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"resilab/brokers/minirabbit/codec"
)

// The kinds of queues. A quorum queue is kept like a classic one, except that it
// counts deliveries and drops messages that are returned too often.
const (
	classic = "classic"
	quorum  = "quorum"
)

// The values of x-overflow: what a queue does when its length limit is reached.
const (
	dropHead         = "drop-head"
	rejectPublish    = "reject-publish"
	rejectPublishDLX = "reject-publish-dlx"
)

const unlimited = -1

// maxTTL is the longest time to live, in milliseconds: ten years.
const maxTTL = 10 * 365 * 24 * 3600 * 1000

// queueLimits are a queue's parsed arguments. Times are in milliseconds. A number is
// unlimited (-1) if the argument is missing.
type queueLimits struct {
	kind          string
	ttl           int64
	expires       int64
	maxLength     int64
	maxBytes      int64
	overflow      string
	deliveryLimit int64
	priorities    int // number of priorities: x-max-priority + 1
	single        bool
	hasDLX        bool
	dlx           string
	hasDLK        bool
	dlk           string
}

// queueArguments lists the arguments that a kind of queue has in the oldest version,
// in the order in which faults are reported. A re-declaration must repeat them.
var queueArguments = map[string][]string{
	classic: {
		"x-expires", "x-message-ttl", "x-dead-letter-exchange", "x-dead-letter-routing-key",
		"x-max-length", "x-max-length-bytes", "x-max-priority", "x-overflow", "x-queue-mode",
		"x-queue-version", "x-single-active-consumer", "x-queue-type", "x-queue-master-locator",
	},
	quorum: {
		"x-expires", "x-message-ttl", "x-dead-letter-exchange", "x-dead-letter-routing-key",
		"x-dead-letter-strategy", "x-max-length", "x-max-length-bytes", "x-max-in-memory-length",
		"x-max-in-memory-bytes", "x-overflow", "x-single-active-consumer", "x-queue-type",
		"x-quorum-initial-group-size", "x-delivery-limit", "x-queue-leader-locator",
	},
}

// streamArguments are the arguments that only streams have, which are not supported.
var streamArguments = []string{"x-max-age", "x-stream-max-segment-size-bytes", "x-initial-cluster-size"}

// consumerArguments are the arguments that a consumer may give in the oldest version,
// by the kind of its queue.
var consumerArguments = map[string][]string{
	classic: {"x-priority", "x-credit", "x-cancel-on-ha-failover"},
	quorum:  {"x-priority", "x-credit"},
}

// consumerPriority checks a consumer's arguments and returns its priority. The other
// arguments have no effect.
func consumerPriority(q *queue, args codec.Table) (int64, error) {
	p := argumentReader{of: q.resource, args: args}
	priority := p.integer("x-priority")
	own := q.broker.Version().queues.consumerArguments
	if slices.Contains(own[classic], "x-cancel-on-ha-failover") {
		p.flag("x-cancel-on-ha-failover")
	}
	p.refuseForeign(q.limits.kind, own, []string{"x-stream-offset"})
	return priority, p.err
}

// kindOf returns the value of x-queue-type, which may be unknown.
func kindOf(args codec.Table) string {
	if v, ok := args.Get("x-queue-type"); ok {
		s, _ := v.(string)
		return s
	}
	return classic
}

// parseArguments parses a queue's arguments. It ignores unknown ones and refuses
// invalid ones as RabbitMQ does.
func parseArguments(v *Version, r resource, args codec.Table) (queueLimits, error) {
	p := argumentReader{of: r, args: args}
	kind := p.oneOf("x-queue-type", `"unsupported queue type '%s'"`, classic, quorum)
	if v, ok := args.Get("x-dead-letter-exchange"); ok && p.err == nil {
		if _, ok := v.(string); !ok {
			return queueLimits{}, Refuse(PreconditionFailed, "invalid type '%s' for arg 'x-dead-letter-exchange' in %s", typeName(v), r)
		}
	}
	p.args = ofKind(v.queues.arguments[kind], args)
	l := queueLimits{
		kind:    kind,
		expires: p.number("x-expires", 1, maxTTL),
		ttl:     p.number("x-message-ttl", 0, maxTTL),
	}
	l.dlx, l.hasDLX = p.text("x-dead-letter-exchange")
	l.dlk, l.hasDLK = p.text("x-dead-letter-routing-key")
	if l.hasDLK && !l.hasDLX {
		p.fail("x-dead-letter-routing-key", "routing_key_but_no_dlx_defined")
	}
	p.oneOf("x-dead-letter-strategy", "invalid_dlx_strategy", "at-most-once", "at-least-once")
	l.maxLength = p.number("x-max-length", 0, math.MaxInt64)
	l.maxBytes = p.number("x-max-length-bytes", 0, math.MaxInt64)
	l.priorities = 1 + int(max(0, p.number("x-max-priority", 0, 255)))
	l.overflow = p.oneOf("x-overflow", "invalid_overflow", dropHead, rejectPublish, rejectPublishDLX)
	p.storage(&v.queues)
	l.single = p.flag("x-single-active-consumer")
	p.oneOf("x-queue-leader-locator", "invalid_queue_locator_arg", "client-local", "balanced", "random", "least-leaders")
	l.deliveryLimit = p.deliveryLimit(&v.quorum)
	if retry, ok := p.text("x-delayed-retry-type"); ok && retry != "disabled" && p.err == nil {
		p.err = Refuse(NotImplemented, "x-delayed-retry-type=%s in minirabbit", retry)
	}
	p.args = args
	p.refuseForeign(kind, v.queues.arguments, streamArguments)
	return l, p.err
}

// storage checks how messages are stored, which has no effect here.
func (p *argumentReader) storage(rules *queueRules) {
	if rules.modes {
		p.oneOf("x-queue-mode", `"unsupported queue mode '%s'"`, "default", "lazy")
	}
	n := p.integer("x-queue-version")
	if n > 2 || n < 0 || n == 1 && !rules.version1 {
		p.fail("x-queue-version", fmt.Sprintf("\"unsupported queue version '%d'\"", n))
	}
}

// ofKind returns the arguments that have one of the names.
func ofKind(names []string, args codec.Table) codec.Table {
	own := codec.Table{}
	for _, a := range args {
		if slices.Contains(names, a.Name) {
			own = append(own, a)
		}
	}
	return own
}

// refuseForeign refuses arguments that only other kinds of queues have.
func (p *argumentReader) refuseForeign(kind string, own map[string][]string, ofStreams []string) {
	for _, name := range slices.Concat(own[classic], own[quorum], ofStreams) {
		if _, ok := p.args.Get(name); ok && !slices.Contains(own[kind], name) && p.err == nil {
			p.err = Refuse(PreconditionFailed, "invalid arg '%s' for %s of queue type rabbit_%s_queue", name, p.of, kind)
		}
	}
}

// deliveryLimit reads x-delivery-limit.
func (p *argumentReader) deliveryLimit(rules *quorumRules) int64 {
	if _, ok := p.args.Get("x-delivery-limit"); !ok {
		return rules.deliveryLimit
	}
	if n := p.integer("x-delivery-limit"); n >= 0 {
		return n
	}
	return rules.negativeLimit
}

// An argumentReader reads typed values from a table and keeps the first error.
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

// integer returns 0 if the argument is missing.
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
		p.fail(name, fmt.Sprintf("{value_too_large,%d}", n))
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

// oneOf returns the first choice if the argument is missing. In fault, %s stands for
// the value.
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
