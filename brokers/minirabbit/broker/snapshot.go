package broker

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"resilab/brokers/minirabbit/codec"
)

// QueueCounts are events of a queue's messages since it was declared.
type QueueCounts struct {
	Published   uint64
	Delivered   uint64 // handed to consumers and by basic.get, redeliveries too
	Redelivered uint64
	Acked       uint64
	Expired     uint64
}

// Rates are events per second since the latest snapshot that is at least a second
// old.
type Rates struct {
	Published, Delivered, Acked float64
}

// ExchangeState describes an exchange.
type ExchangeState struct {
	VHost, Name, Type             string
	Durable, AutoDelete, Internal bool
	Arguments                     codec.Table
}

// BindingState describes a binding to a queue or, if Exchange is true, to an
// exchange.
type BindingState struct {
	VHost, Source, Destination string
	Exchange                   bool
	Key                        string
	Arguments                  codec.Table
}

// QueueState describes a queue and its content.
type QueueState struct {
	VHost, Name                    string
	Durable, Exclusive, AutoDelete bool
	Arguments                      codec.Table
	Ready                          int // messages ready for delivery
	Unacked                        int // delivered and not yet settled
	Bytes                          int64
	Consumers                      []ConsumerState
	Counts                         QueueCounts
	Rates                          Rates
}

// ConsumerState describes a consumer of a queue.
type ConsumerState struct {
	Tag      string
	Active   bool // false for consumers that are not the single active one
	Prefetch int
	InFlight int
	Priority int64
}

// A Snapshot is the state of a broker, each list sorted by name. Queues are read one
// after the other, so they may be of slightly different times.
type Snapshot struct {
	Exchanges []ExchangeState
	Bindings  []BindingState
	Queues    []QueueState
	Bytes     int64 // memory of all queues' messages
}

// Queue returns the state of a queue of the virtual host "/".
func (s *Snapshot) Queue(name string) (QueueState, bool) {
	i := slices.IndexFunc(s.Queues, func(q QueueState) bool { return q.VHost == "/" && q.Name == name })
	if i < 0 {
		return QueueState{}, false
	}
	return s.Queues[i], true
}

// Snapshot describes everything in the broker.
func (b *Broker) Snapshot() Snapshot {
	s := Snapshot{Bytes: b.memory.used.Load()}
	now := b.now()
	for _, v := range b.vhosts {
		for _, q := range v.snapshot(&s) {
			s.Queues = append(s.Queues, q.state(now))
		}
	}
	slices.SortFunc(s.Exchanges, func(x, y ExchangeState) int {
		return cmp.Or(cmp.Compare(x.VHost, y.VHost), cmp.Compare(x.Name, y.Name))
	})
	slices.SortFunc(s.Bindings, func(x, y BindingState) int {
		return cmp.Or(cmp.Compare(x.VHost, y.VHost), cmp.Compare(x.Source, y.Source),
			cmp.Compare(x.Destination, y.Destination), cmp.Compare(x.Key, y.Key))
	})
	slices.SortFunc(s.Queues, func(x, y QueueState) int {
		return cmp.Or(cmp.Compare(x.VHost, y.VHost), cmp.Compare(x.Name, y.Name))
	})
	return s
}

// snapshot adds exchanges and bindings to s and returns the queues. The caller reads
// them without v.mu, because that may forward dead letters.
func (v *vhost) snapshot(s *Snapshot) []*queue {
	v.mu.RLock()
	defer v.mu.RUnlock()
	for _, x := range v.exchanges {
		s.Exchanges = append(s.Exchanges, ExchangeState{
			v.name, x.name, x.kind, x.durable, x.autoDelete, x.internal, x.args,
		})
		for _, b := range x.bindings {
			to := b.to.resource()
			s.Bindings = append(s.Bindings, BindingState{
				v.name, x.name, to.name, b.to.exchange != nil, b.key, b.args,
			})
		}
	}
	return slices.Collect(maps.Values(v.queues))
}

func (q *queue) state(now time.Time) QueueState {
	q.mu.Lock()
	defer q.release()
	q.dropExpired()
	s := QueueState{
		VHost: q.vhost.name, Name: q.name,
		Durable: q.durable, Exclusive: q.owner != nil, AutoDelete: q.autoDelete,
		Arguments: q.args,
		Ready:     q.store.ready.len(),
		Unacked:   q.store.unacked,
		Bytes:     q.store.memory.used.Load(),
		Counts:    q.store.counts,
		Rates:     q.rates.measure(now, q.store.counts),
	}
	for _, c := range q.consumers.all {
		s.Consumers = append(s.Consumers, ConsumerState{
			Tag: c.tag, Active: !q.consumers.sac || c == q.consumers.single,
			Prefetch: c.prefetch, InFlight: c.inFlight, Priority: c.priority,
		})
	}
	return s
}

// A rateMeter computes rates when a snapshot is taken, and costs nothing otherwise.
type rateMeter struct {
	older, newer sample
}

type sample struct {
	at     time.Time
	counts QueueCounts
}

func newRateMeter(now time.Time) rateMeter {
	first := sample{at: now}
	return rateMeter{first, first}
}

// measureOver is the shortest time over which rates are computed.
const measureOver = time.Second

func (r *rateMeter) measure(now time.Time, c QueueCounts) Rates {
	if now.Sub(r.newer.at) >= measureOver {
		r.older, r.newer = r.newer, sample{now, c}
	}
	seconds := now.Sub(r.older.at).Seconds()
	if seconds <= 0 {
		return Rates{}
	}
	since := r.older.counts
	return Rates{
		Published: float64(c.Published-since.Published) / seconds,
		Delivered: float64(c.Delivered-since.Delivered) / seconds,
		Acked:     float64(c.Acked-since.Acked) / seconds,
	}
}
