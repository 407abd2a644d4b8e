package broker

import (
	"strings"
	"sync"
)

// A vhost is a namespace of exchanges and queues.
type vhost struct {
	broker *Broker
	name   string

	mu        sync.RWMutex
	exchanges map[string]*exchange
	queues    map[string]*queue
}

// predeclared are the exchanges every virtual host begins with.
var predeclared = map[string]string{
	"":            "direct",
	"amq.direct":  "direct",
	"amq.fanout":  "fanout",
	"amq.topic":   "topic",
	"amq.headers": "headers",
	"amq.match":   "headers",
}

func newVHost(b *Broker, name string) *vhost {
	v := &vhost{broker: b, name: name, exchanges: map[string]*exchange{}, queues: map[string]*queue{}}
	for name, kind := range predeclared {
		router, err := newRouter(kind, resource{}, nil)
		if err != nil {
			panic(err) // the list above names only types that exist
		}
		v.addExchange(ExchangeSpec{Name: name, Type: kind, Durable: true}, router)
	}
	return v
}

func (v *vhost) exchangeNamed(name string) resource { return resource{"exchange", name, v.name} }
func (v *vhost) queueNamed(name string) resource    { return resource{"queue", name, v.name} }

// queue returns nil when there is none of that name.
func (v *vhost) queue(name string) *queue {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.queues[name]
}

func (v *vhost) exchange(name string) *exchange {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.exchanges[name]
}

// checkName refuses the prefix that the broker keeps for itself.
func checkName(kind, name string) error {
	if strings.HasPrefix(name, "amq.") {
		return Refuse(AccessRefused, "%s name '%s' contains reserved prefix 'amq.*'", kind, name)
	}
	return nil
}

func notDefault(name string) error {
	if name == "" {
		return Refuse(AccessRefused, "operation not permitted on the default exchange")
	}
	return nil
}

// route finds the queues a message goes to when it is published to an exchange.
// Each comes once. The caller holds at least the read lock.
func (v *vhost) route(x *exchange, m *Message, to []*queue) []*queue {
	if x.name == "" && !m.hasCopies() {
		if q := v.queues[m.RoutingKey]; q != nil {
			to = append(to, q)
		}
		return to
	}
	var local [4]destination
	r := routing{vhost: v, message: m, queues: to}
	r.through(x, local[:0])
	for len(r.pending) > 0 {
		next := r.pending[0]
		r.pending = r.pending[1:]
		r.through(next, nil)
	}
	return r.queues
}

// A routing is the way of one message through exchanges that are bound to each
// other. Every exchange is passed once.
type routing struct {
	vhost   *vhost
	message *Message
	queues  []*queue
	inside  map[*queue]struct{} // queues, once there are many of them
	passed  map[*exchange]struct{}
	pending []*exchange
}

func (r *routing) through(x *exchange, to []destination) {
	if r.message.hasCopies() {
		for _, key := range r.message.keys() {
			to = r.from(x, key, to)
		}
	} else {
		to = r.from(x, r.message.RoutingKey, to)
	}
	for _, d := range to {
		if d.queue != nil {
			r.addQueue(d.queue)
		} else {
			r.addExchange(x, d.exchange)
		}
	}
	if alternate := r.vhost.exchanges[x.alternate]; len(to) == 0 && x.alternate != "" && alternate != nil {
		r.addExchange(x, alternate)
	}
}

func (r *routing) from(x *exchange, key string, to []destination) []destination {
	if x.name != "" {
		return x.router.route(key, r.message, to)
	}
	if q := r.vhost.queues[key]; q != nil {
		to = append(to, destination{queue: q})
	}
	return to
}

// manyQueues is when a set becomes cheaper than looking through the list.
const manyQueues = 16

func (r *routing) addQueue(q *queue) {
	if r.inside == nil {
		for _, o := range r.queues {
			if o == q {
				return
			}
		}
		if len(r.queues) == manyQueues {
			r.inside = map[*queue]struct{}{}
			for _, o := range r.queues {
				r.inside[o] = struct{}{}
			}
		}
	}
	if r.inside != nil {
		if _, ok := r.inside[q]; ok {
			return
		}
		r.inside[q] = struct{}{}
	}
	r.queues = append(r.queues, q)
}

func (r *routing) addExchange(from, x *exchange) {
	if r.passed == nil {
		r.passed = map[*exchange]struct{}{}
	}
	r.passed[from] = struct{}{}
	if _, ok := r.passed[x]; !ok {
		r.passed[x] = struct{}{}
		r.pending = append(r.pending, x)
	}
}

// keepDurable drops what does not survive a restart.
func (v *vhost) keepDurable() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, q := range v.queues {
		if q.durable && q.owner == nil {
			q.keepPersistent()
		} else {
			v.removeQueue(q)
		}
	}
	for _, x := range v.exchanges {
		if !x.durable {
			v.removeExchange(x)
		}
	}
}

// keepPersistent drops the messages that do not survive a restart.
func (q *queue) keepPersistent() {
	q.mu.Lock()
	defer q.mu.Unlock()
	old := q.ready
	q.drain()
	for old.len() > 0 {
		if e := old.pop(); e.msg.persistent || q.limits.kind == quorum {
			q.hold(e.msg.size())
			q.lastPos++
			e.pos = q.lastPos
			q.ready.add(e)
		}
	}
	q.armExpiry()
}
