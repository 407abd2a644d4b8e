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

	repliers repliers
}

// predeclared are the exchanges of a new virtual host and their types.
var predeclared = map[string]string{
	"":            "direct",
	"amq.direct":  "direct",
	"amq.fanout":  "fanout",
	"amq.topic":   "topic",
	"amq.headers": "headers",
	"amq.match":   "headers",
}

func newVHost(b *Broker, name string) *vhost {
	v := &vhost{
		broker:    b,
		name:      name,
		exchanges: map[string]*exchange{},
		queues:    map[string]*queue{},
	}
	for name, kind := range predeclared {
		router, err := newRouter(&b.Version().exchanges, kind, nil)
		if err != nil {
			panic(err) // the list above names only types that exist
		}
		v.addExchange(ExchangeSpec{Name: name, Type: kind, Durable: true}, router)
	}
	return v
}

func (v *vhost) exchangeNamed(name string) resource { return resource{"exchange", name, v.name} }
func (v *vhost) queueNamed(name string) resource    { return resource{"queue", name, v.name} }

// queue returns nil if there is none of that name.
func (v *vhost) queue(name string) *queue {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.queues[name]
}

// queuesNamed returns the queues of those names that exist.
func (v *vhost) queuesNamed(names []string) []*queue {
	v.mu.RLock()
	defer v.mu.RUnlock()
	var there []*queue
	for _, name := range names {
		if q := v.queues[name]; q != nil {
			there = append(there, q)
		}
	}
	return there
}

func (v *vhost) exchange(name string) *exchange {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.exchanges[name]
}

// checkName refuses the reserved prefix.
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

// keepDurable drops exchanges, queues and messages that do not survive a restart.
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
