package broker

import (
	"strings"

	"resilab/brokers/minirabbit/codec"
)

// An ExchangeSpec holds the arguments of exchange.declare.
type ExchangeSpec struct {
	Name, Type                    string
	Durable, AutoDelete, Internal bool
	Arguments                     codec.Table
}

// declareExchange makes an exchange, or checks that the existing one is the same.
func (v *vhost) declareExchange(s ExchangeSpec) error {
	router, err := newRouter(&v.broker.Version().exchanges, s.Type, s.Arguments)
	if e, ok := err.(*Error); ok && e.Hard {
		return err // an unknown type, whatever the name
	}
	if err := notDefault(s.Name); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if x := v.exchanges[s.Name]; x != nil {
		return x.same(s)
	}
	if err := checkName("exchange", s.Name); err != nil {
		return err
	}
	if err != nil {
		return err
	}
	if a, ok := s.Arguments.Get("alternate-exchange"); ok {
		if _, ok := a.(string); !ok {
			return Refuse(PreconditionFailed, "invalid type '%s' for arg 'alternate-exchange' in %s", typeName(a), v.exchangeNamed(s.Name))
		}
	}
	v.addExchange(s, router)
	return nil
}

func (v *vhost) addExchange(s ExchangeSpec, r router) {
	alternate, _ := s.Arguments.Get("alternate-exchange")
	x := &exchange{
		resource:   v.exchangeNamed(s.Name),
		kind:       s.Type,
		durable:    s.Durable,
		autoDelete: s.AutoDelete,
		internal:   s.Internal,
		args:       s.Arguments,
		router:     r,
		bindings:   map[bindingID]*binding{},
		incoming:   map[*binding]struct{}{},
	}
	x.alternate, _ = alternate.(string)
	v.exchanges[s.Name] = x
}

func (x *exchange) same(s ExchangeSpec) error {
	if err := x.sameField("type", x.kind, s.Type); err != nil {
		return err
	}
	if err := x.sameField("durable", x.durable, s.Durable); err != nil {
		return err
	}
	if err := x.sameField("auto_delete", x.autoDelete, s.AutoDelete); err != nil {
		return err
	}
	if err := x.sameField("internal", x.internal, s.Internal); err != nil {
		return err
	}
	return x.sameArgument("alternate-exchange", x.args, s.Arguments)
}

// findExchange checks that an exchange exists.
func (v *vhost) findExchange(name string) error {
	if err := notDefault(name); err != nil {
		return err
	}
	if v.exchange(name) == nil {
		return v.exchangeNamed(name).missing()
	}
	return nil
}

// deleteExchange does nothing if there is no such exchange.
func (v *vhost) deleteExchange(name string, ifUnused bool) error {
	if err := notDefault(name); err != nil {
		return err
	}
	if strings.HasPrefix(name, "amq.") {
		return Refuse(AccessRefused, "deletion of system %s not allowed", v.exchangeNamed(name))
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	x := v.exchanges[name]
	if x == nil {
		return nil
	}
	if ifUnused && len(x.bindings) > 0 {
		return Refuse(PreconditionFailed, "%s in use", x.resource)
	}
	v.removeExchange(x)
	return nil
}

// removeExchange removes an exchange with all its bindings. v.mu is held.
func (v *vhost) removeExchange(x *exchange) {
	if x.deleted {
		return
	}
	x.deleted = true
	delete(v.exchanges, x.name)
	for _, b := range x.bindings {
		v.unlink(b)
	}
	for b := range x.incoming {
		v.unlink(b)
	}
}

// A BindSpec holds the arguments of queue.bind and exchange.bind.
type BindSpec struct {
	Source, Destination string
	ToExchange          bool
	Key                 string
	Arguments           codec.Table
}

// bind binds an exchange to a queue or another exchange on behalf of a connection.
// It does nothing if the binding exists.
func (v *vhost) bind(s BindSpec, c *Connection) error {
	if err := s.notDefault(); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	b, err := v.newBinding(s)
	if err != nil {
		return err
	}
	if err := b.to.accessibleTo(c); err != nil {
		return err
	}
	id := b.id()
	if b.source.bindings[id] != nil {
		return nil
	}
	if err := b.source.router.check(b); err != nil {
		return err
	}
	b.source.bindings[id] = b
	b.source.router.add(b)
	if b.to.queue != nil {
		b.to.queue.bindings[b] = struct{}{}
	} else {
		b.to.exchange.incoming[b] = struct{}{}
	}
	return nil
}

// unbind does nothing if there is no such binding.
func (v *vhost) unbind(s BindSpec, c *Connection) error {
	if err := s.notDefault(); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	b, err := v.newBinding(s)
	if err != nil {
		return nil // nothing can be bound to what does not exist
	}
	found := b.source.bindings[b.id()]
	if found == nil {
		return nil
	}
	if err := found.to.accessibleTo(c); err != nil {
		return err
	}
	v.unlink(found)
	return nil
}

func (s BindSpec) notDefault() error {
	if err := notDefault(s.Source); err != nil || !s.ToExchange {
		return err
	}
	return notDefault(s.Destination)
}

func (v *vhost) newBinding(s BindSpec) (*binding, error) {
	b := &binding{source: v.exchanges[s.Source], key: s.Key, args: s.Arguments}
	if b.source == nil {
		return nil, v.exchangeNamed(s.Source).missing()
	}
	if s.ToExchange {
		if b.to.exchange = v.exchanges[s.Destination]; b.to.exchange == nil {
			return nil, v.exchangeNamed(s.Destination).missing()
		}
		return b, nil
	}
	if b.to.queue = v.queues[s.Destination]; b.to.queue == nil {
		return nil, v.queueNamed(s.Destination).missing()
	}
	return b, nil
}

// unlink removes a binding, and an auto-delete exchange with its last one.
func (v *vhost) unlink(b *binding) {
	delete(b.source.bindings, b.id())
	b.source.router.remove(b)
	if b.to.queue != nil {
		delete(b.to.queue.bindings, b)
	} else {
		delete(b.to.exchange.incoming, b)
	}
	if b.source.autoDelete && len(b.source.bindings) == 0 {
		v.removeExchange(b.source)
	}
}
