package transport

import (
	"context"
	"time"
)

// settle takes an order out of those that are not settled, and frees its slot once work
// has told the broker.
func (p *natsPull) settle(tag uint64, work func(natsOrder) error) error {
	p.mu.Lock()
	m, ok := p.open[tag]
	delete(p.open, tag)
	p.mu.Unlock()
	if !ok {
		return errNotOpen
	}
	defer p.release(1)
	return work(m)
}

func (p *natsPull) ack(tag uint64) error { return p.settle(tag, natsOrder.Ack) }

// requeue gives an order back: it is the next one that the lane delivers. The broker has
// one way to do that.
func (p *natsPull) requeue(tag uint64, _ bool) error { return p.settle(tag, natsOrder.Nak) }

// delay gives an order back that the broker delivers again after a wait, before what is
// behind it in the lane. Meanwhile it counts as unacknowledged: with prefetch 1 nothing
// passes it.
func (p *natsPull) delay(_ context.Context, d *Delivery, wait time.Duration) error {
	return p.settle(d.tag, func(m natsOrder) error { return m.NakWithDelay(wait) })
}

// discard copies an order to the dead letters before it is taken out of the lane, so that
// a crash in between makes a second copy.
func (p *natsPull) discard(tag uint64) error {
	return p.settle(tag, func(m natsOrder) error {
		if err := p.deadLetter(m); err != nil {
			return err
		}
		return m.Term()
	})
}
