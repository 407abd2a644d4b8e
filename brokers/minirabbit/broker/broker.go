package broker

import (
	"sync/atomic"
	"time"
)

// Options of a [Broker]. Zero values mean the defaults that are named.
type Options struct {
	Clock Clock // SystemClock
	// QueueLimitBytes is the memory that one queue's messages may take before its
	// publishers are held back: 64 MiB.
	QueueLimitBytes int64
	// MemoryLimitBytes is the same for all queues together: 1 GiB.
	MemoryLimitBytes int64
	VHosts           []string // the virtual hosts that exist: only "/"
	Version          Version  // what it behaves like: that of DefaultVersion
}

// DefaultVHost is the virtual host that clients open unless told otherwise.
const DefaultVHost = "/"

// A Broker holds everything that outlives a connection.
type Broker struct {
	options Options
	timers  *timers
	memory  budget
	closing atomic.Bool // dead letters are dropped
	vhosts  map[string]*vhost
}

// New returns a broker with no queues. The caller must call Close.
func New(o Options) *Broker {
	if o.Clock == nil {
		o.Clock = SystemClock{}
	}
	if o.QueueLimitBytes <= 0 {
		o.QueueLimitBytes = 64 << 20
	}
	if o.MemoryLimitBytes <= 0 {
		o.MemoryLimitBytes = 1 << 30
	}
	if o.Version.Name == "" {
		o.Version = version310()
	}
	if len(o.VHosts) == 0 {
		o.VHosts = []string{DefaultVHost}
	}
	b := &Broker{
		options: o,
		timers:  newTimers(o.Clock),
		memory:  budget{limit: o.MemoryLimitBytes},
		vhosts:  map[string]*vhost{},
	}
	for _, name := range o.VHosts {
		b.vhosts[name] = newVHost(b, name)
	}
	return b
}

// Version returns what the broker behaves like.
func (b *Broker) Version() *Version { return &b.options.Version }

// Stop drops dead letters that are being forwarded, so that no connection waits for
// them when it is closed.
func (b *Broker) Stop() { b.closing.Store(true) }

// Close stops all timers. All connections must be closed before.
func (b *Broker) Close() { b.timers.close() }

// Connect opens a virtual host for a user. It refuses a virtual host that does not
// exist with the code 530.
func (b *Broker) Connect(vhostName, user string) (*Connection, error) {
	v := b.vhosts[vhostName]
	if v == nil {
		return nil, Refuse(NotAllowed, "vhost %s not found", vhostName)
	}
	return &Connection{vhost: v, user: user}, nil
}

// Restart keeps only durable exchanges and queues, and in them only persistent
// messages, as a restart of the server does. All connections must be closed before.
func (b *Broker) Restart() {
	for _, v := range b.vhosts {
		v.keepDurable()
	}
}

// CancelConsumers removes all consumers of a queue and notifies their clients, as
// when the queue's leader moves. It returns how many there were.
func (b *Broker) CancelConsumers(vhostName, queueName string) int {
	q := b.queue(vhostName, queueName)
	if q == nil {
		return 0
	}
	gone := q.cancelConsumers()
	notifyCancelled(gone)
	return len(gone)
}

func notifyCancelled(gone []*consumer) {
	for _, c := range gone {
		c.channel.deliveries.removeConsumer(c)
		c.channel.peer.Cancelled(c.tag)
	}
}

// now returns the time for timestamps in messages.
func (b *Broker) now() time.Time { return b.options.Clock.Now() }
