package broker

import (
	"time"

	"resilab/brokers/minirabbit/codec"
)

// A definition is what a queue was declared with.
type definition struct {
	resource
	durable    bool
	autoDelete bool
	owner      *Connection // of an exclusive queue; nil otherwise
	args       codec.Table
	limits     queueLimits
	version    *Version
}

// same refuses a re-declaration that differs from the definition.
func (d *definition) same(s QueueSpec, c *Connection) error {
	if d.owner != s.owner(c) {
		return d.locked()
	}
	if err := d.sameField("durable", d.durable, s.Durable); err != nil {
		return err
	}
	if err := d.sameField("auto_delete", d.autoDelete, s.AutoDelete); err != nil {
		return err
	}
	for _, name := range d.version.queues.arguments[d.limits.kind] {
		if name == "x-queue-type" && kindOf(d.args) == kindOf(s.Arguments) {
			continue // given or not
		}
		if err := d.sameArgument(name, d.args, s.Arguments); err != nil {
			return err
		}
	}
	return nil
}

// accessibleTo refuses queues that are exclusive to another connection.
func (d *definition) accessibleTo(c *Connection) error {
	if d.owner != nil && d.owner != c {
		return d.locked()
	}
	return nil
}

// idleLimit returns x-expires.
func (d *definition) idleLimit() time.Duration {
	return time.Duration(d.limits.expires) * time.Millisecond
}

// outgoing returns an entry's message as clients receive it. A quorum queue adds
// how often the message was delivered before.
func (d *definition) outgoing(e entry, fetched bool) *Message {
	rules := &d.version.quorum
	if d.limits.kind != quorum || e.returns == 0 && !(fetched && rules.countOnGet) {
		return e.msg
	}
	p, headers := e.msg.decode()
	switch {
	case !rules.failures:
		headers = headers.With("x-delivery-count", int64(e.returns))
	case e.failures > 0:
		headers = headers.With("x-delivery-count", int64(e.failures))
		fallthrough
	default:
		headers = headers.With("x-acquired-count", int64(e.returns))
	}
	p.Present |= codec.HasHeaders
	p.Headers = headers.Encode()
	return e.msg.rewrite(e.msg.Exchange, e.msg.RoutingKey, &p)
}
