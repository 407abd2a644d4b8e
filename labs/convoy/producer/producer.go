// Package producer decides who orders when, and publishes the orders so that each
// user's orders reach the broker in their order.
package producer

import (
	"context"
	"errors"
	"sync"
	"time"

	"resilab/labs/clock"
	"resilab/labs/convoy/transport"
	"resilab/labs/kit"
)

// Orders is where the producer gets its orders from. The methods are called from
// the goroutine of Run.
type Orders interface {
	// Place makes the next order of a user.
	Place(user int) (transport.Order, transport.Lane)
	// Republish returns an order that is to be published again. It reports false
	// where that is not necessary any more. NotSent is called when it could not be.
	Republish(n uint64) (transport.Order, transport.Lane, bool)
	NotSent(n uint64)
	// Release is called before an order is sent that had to wait.
	Release(n uint64)
	// Room reports whether users may place orders: at some point they have to wait.
	Room() bool
}

// Broker is where orders are published.
type Broker interface {
	AwaitUp(ctx context.Context) error
	Publish(ctx context.Context, o transport.Order, to transport.Lane) error
}

// Options say who orders when.
type Options struct {
	Users int
	Rate  int    // orders a second
	Burst int    // orders that come at once
	Limit uint64 // orders in all; 0: no end
	// Pick draws the user of the next order.
	Pick  func() int
	Clock *clock.Clock
	Valve *kit.Valve
}

const (
	maxLag   = time.Second           // arrears that are caught up
	fullWait = 5 * time.Millisecond  // between two looks whether there is room
	longWait = 50 * time.Millisecond // when nothing is due
)

// Producer publishes orders. All methods are safe for concurrent use.
type Producer struct {
	opt    Options
	orders Orders
	kick   chan struct{} // wakes Run

	mu      sync.Mutex
	outbox  *outbox
	script  []int // users who order next, out of turn
	due     time.Time
	burst   int // orders of the present burst that are still to come
	placed  uint64
	resent  int
	refused uint64
	holding bool // no user may order
}

// New returns a producer that does nothing before Run.
func New(opt Options, orders Orders) *Producer {
	return &Producer{opt: opt, orders: orders, kick: make(chan struct{}, 1), outbox: newOutbox(opt.Users)}
}

// Run publishes to a broker until ctx ends. It is one goroutine for all users, so
// the orders of a user leave in their order.
func (p *Producer) Run(ctx context.Context, b Broker) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for b.AwaitUp(ctx) == nil {
		n, ok := p.nextNumber(ctx, timer)
		if !ok {
			continue
		}
		p.publish(ctx, b, n)
	}
}

// next is an order to publish: a new one of a user, or number n again.
type next struct {
	kind nextKind
	user int
	n    uint64
	to   sent
}

type nextKind int

const (
	nothing nextKind = iota
	again            // an order that was refused, or whose outcome is unknown
	held             // an order that had to wait for an earlier one of its user
	fresh
)

// nextNumber returns what is to be published, or waits and reports false.
func (p *Producer) nextNumber(ctx context.Context, timer *time.Timer) (next, bool) {
	open, turned := p.opt.Valve.State()
	out, wait := p.choose(open)
	if out.kind != nothing {
		return out, true
	}
	changed := p.opt.Clock.Changed()
	timer.Reset(p.opt.Clock.Real(wait))
	steps := p.opt.Valve.Steps()
	if open {
		steps = nil
	}
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-p.kick:
	case <-turned:
	case <-changed:
	case <-steps:
		p.Place(p.opt.Pick())
	}
	return next{}, false
}

// choose returns what is to be published now, or how long there is nothing.
func (p *Producer) choose(open bool) (out next, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.opt.Clock.Now()
	out, wait = p.outbox.next(now)
	if out.kind != nothing {
		return out, 0
	}
	user, idle := p.nextUser(now, open)
	if user < 0 {
		return next{}, min(idle, wait)
	}
	return next{kind: fresh, user: user}, 0
}

// nextUser returns who orders now, or -1 and for how long no user will. p.mu is
// held.
func (p *Producer) nextUser(now time.Time, open bool) (user int, wait time.Duration) {
	switch {
	case p.holding:
		return -1, longWait
	case len(p.script) > 0:
		user = p.script[0]
		p.script = p.script[1:]
		return user, 0
	case !open, p.opt.Limit > 0 && p.placed >= p.opt.Limit:
		p.due = now
		return -1, longWait
	case !p.orders.Room():
		p.due = now
		return -1, fullWait
	}
	if now.Sub(p.due) > maxLag {
		p.due = now
	}
	if p.burst == 0 {
		if wait := p.due.Sub(now); wait > 0 {
			return -1, min(wait, longWait)
		}
		p.burst = p.opt.Burst
		p.due = p.due.Add(time.Duration(p.opt.Burst) * time.Second / time.Duration(p.opt.Rate))
	}
	p.burst--
	return p.opt.Pick(), 0
}

// publish sends what was chosen.
func (p *Producer) publish(ctx context.Context, b Broker, out next) {
	var o transport.Order
	var lane transport.Lane
	switch out.kind {
	case fresh:
		o, lane = p.orders.Place(out.user)
		if !p.claim(sent{o, lane}) {
			return // it waits for an earlier one
		}
	case held:
		o, lane = out.to.order, out.to.lane
		p.orders.Release(o.N)
	case again:
		var ok bool
		if o, lane, ok = p.orders.Republish(out.n); !ok {
			p.drop(out.n, out.user)
			return
		}
		p.countResent(1)
	}
	if err := b.Publish(ctx, o, lane); err != nil {
		p.notSent(o, err)
	}
}

// claim records that a new order is placed, and reports whether it may be sent at
// once.
func (p *Producer) claim(s sent) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.placed++
	return p.outbox.claim(s, p.opt.Clock.Now())
}

func (p *Producer) drop(n uint64, user int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.outbox.confirmed(n, user)
}

// notSent puts an order that could not be sent back. The next try is its first
// again.
func (p *Producer) notSent(o transport.Order, err error) {
	p.orders.NotSent(o.N)
	p.countResent(-1)
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.opt.Clock.Now()
	if errors.Is(err, transport.ErrNotConnected) {
		p.outbox.lost(o.N, o.User, now)
	} else {
		p.outbox.failed(o.N, o.User, now)
	}
}

func (p *Producer) countResent(by int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.resent += by
}

// Settled records the outcome of an order that was published. One that the broker
// has refused is sent again after a while, which grows each time; one whose
// outcome is unknown as soon as it can be.
func (p *Producer) Settled(o transport.Order, fate transport.Fate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.opt.Clock.Now()
	switch fate {
	case transport.Confirmed:
		p.outbox.confirmed(o.N, o.User)
	case transport.Unknown:
		p.outbox.lost(o.N, o.User, now)
	default:
		p.refused++
		p.outbox.failed(o.N, o.User, now)
	}
	if p.outbox.busy() {
		p.Wake()
	}
}

// Wake makes Run look again at what is due.
func (p *Producer) Wake() {
	select {
	case p.kick <- struct{}{}:
	default:
	}
}

// Place lets users order next, out of turn.
func (p *Producer) Place(users ...int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.script = append(p.script, users...)
	p.Wake()
}

// Hold stops the users from ordering, or lets them order again.
func (p *Producer) Hold(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.holding = on
	p.Wake()
}

// Counts are what the producer has done so far.
type Counts struct {
	Published   uint64 // orders that users have placed
	Republished int    // times that an order was sent again
	Refused     uint64 // times that the broker refused one
	Delayed     int    // orders that wait to be sent: refused, or behind one that was
	Holding     bool   // no user may order at present
}

// Counts returns what the producer has done so far.
func (p *Producer) Counts() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Counts{p.placed, max(0, p.resent), p.refused, p.outbox.delayed(), p.holding}
}
