package convoy

import (
	"strconv"
	"sync"
	"time"

	"resilab/labs/convoy/orders"
	"resilab/labs/convoy/transport"
	"resilab/labs/kit"
	"resilab/labs/lab"
)

// lostConsumerAfter is how long a consumer may be without its lane before the log
// says so: when the broker stops, the producer's connection reports it.
const lostConsumerAfter = 300 * time.Millisecond

// health is the state of the broker as the lab sees it. Each change is one line
// in the log.
type health struct {
	*kit.Base
	broker  string // its name, for people
	watch   *kit.Stopwatch
	tracker *orders.Tracker

	mu        sync.Mutex
	addr      string       // of the broker, once it was up
	trouble   *lab.Trouble // the broker is away
	held      bool         // watch is held because of that
	down      *lab.Trouble // lanes that are down
	consumers map[int]*lostConsumer
}

// lostConsumer is a consumer without its lane.
type lostConsumer struct {
	since  time.Time
	reason error
	logged bool
}

// newHealth returns the state before the first connection: the watch is held.
func newHealth(base *kit.Base, broker string, watch *kit.Stopwatch, tracker *orders.Tracker) *health {
	watch.Hold()
	return &health{Base: base, broker: broker, watch: watch, tracker: tracker, held: true, consumers: map[int]*lostConsumer{}}
}

// Up implements transport.Events.
func (h *health) Up(addr string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.addr = addr
	if h.trouble != nil {
		h.Log.Add(lab.MarkRecovered, "convoy.event.recovered", h.broker, addr, h.Clock.Since(h.trouble.Since).Round(100*time.Millisecond))
		h.trouble = nil
	}
	if h.held {
		h.held = false
		h.watch.Release()
	}
	h.tracker.BrokerUp()
	h.Changed()
}

// Down implements transport.Events. The trouble names the cause: a broker that
// does not let this user in is not one that does not answer.
func (h *health) Down(addr string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	key, args := "convoy.trouble.broker", []any{h.broker, addr}
	if transport.AccessRefused(err) {
		key, args = "convoy.trouble.refused", []any{h.broker, addr, err.Error()}
	}
	if h.trouble == nil || h.trouble.Key != key {
		since := h.Clock.Now()
		if h.trouble != nil {
			since = h.trouble.Since
		}
		h.trouble = &lab.Trouble{Key: key, Args: args, Since: since}
		h.Log.Add(lab.MarkFault, "convoy.event.down", err.Error())
	}
	if !h.held {
		h.held = true
		h.watch.Hold()
	}
	h.Changed()
}

// LaneGone implements transport.Events.
func (h *health) LaneGone(l transport.Lane) {
	h.Log.Add(lab.MarkFault, "convoy.event.forgotten", l.Number, h.broker)
}

// LanesDown implements transport.Events.
func (h *health) LanesDown(down []transport.Lane) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.Changed()
	if len(down) == 0 {
		if h.down != nil {
			h.Log.Add(lab.MarkRecovered, "convoy.event.lanes_back", h.Clock.Since(h.down.Since).Round(100*time.Millisecond))
		}
		h.down = nil
		return
	}
	numbers := ""
	for _, l := range down {
		if numbers != "" {
			numbers += ", "
		}
		numbers += strconv.Itoa(l.Number)
	}
	since := h.Clock.Now()
	if h.down != nil {
		since = h.down.Since
	}
	h.down = &lab.Trouble{Key: "convoy.trouble.lanes_down", Args: []any{numbers}, Since: since}
	h.Log.Add(lab.MarkFault, "convoy.event.lanes_down", numbers)
}

// ConsumerDown implements transport.Events.
func (h *health) ConsumerDown(consumer int, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.consumers[consumer] == nil {
		h.consumers[consumer] = &lostConsumer{since: h.Clock.Now(), reason: err}
	}
}

// ConsumerUp implements transport.Events.
func (h *health) ConsumerUp(consumer int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	lost := h.consumers[consumer]
	if lost == nil {
		return
	}
	delete(h.consumers, consumer)
	if lost.logged {
		h.Log.Add(lab.MarkRecovered, "convoy.event.consumer_back", consumer, h.Clock.Since(lost.since).Round(100*time.Millisecond))
	}
}

// look writes the lines about consumers that have been without their lane for a
// while although the broker is there.
func (h *health) look() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.trouble != nil || h.down != nil {
		return
	}
	for n, lost := range h.consumers {
		if !lost.logged && h.Clock.Since(lost.since) >= lostConsumerAfter {
			lost.logged = true
			h.Log.Add(lab.MarkFault, "convoy.event.consumer_closed", n, lost.reason.Error())
		}
	}
}

// away reports whether the broker cannot be used at present.
func (h *health) away() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.trouble != nil
}

// troubles returns what is wrong right now. blocked is since when the broker takes
// no orders, and why; zero while it does.
func (h *health) troubles(blocked time.Time, reason string) (all []lab.Trouble) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.trouble != nil {
		all = append(all, *h.trouble)
	}
	if h.down != nil {
		all = append(all, *h.down)
	}
	if !blocked.IsZero() {
		all = append(all, lab.Trouble{Key: "convoy.trouble.blocked", Args: []any{h.addr, reason}, Since: blocked})
	}
	return all
}
