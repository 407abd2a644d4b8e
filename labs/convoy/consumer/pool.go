package consumer

import (
	"context"
	"sync"

	"resilab/labs/convoy/transport"
)

// Pool is one consumer of a queue that shares its orders out among workers by their
// users: all orders of a user are handled by one worker, one after another. What the
// workers have is unacknowledged on one connection, and comes back with it.
type Pool struct {
	// Workers are consumers of the same lane that are not run.
	Workers []*Consumer
	// Share returns the worker of a user, as an index.
	Share func(user int) int
	// Guard wraps what runs in another goroutine; see lab.Env.
	Guard func(func()) func()
}

// Run consumes until ctx ends.
func (p Pool) Run(ctx context.Context, t transport.Transport) {
	first := p.Workers[0].opt
	t.Consume(ctx, first.Number, []transport.Lane{first.Lane}, p.serve)
}

// serve lets the workers handle what arrives until in closes, ctx ends, or one of them
// is killed, and with it the process that all are in.
func (p Pool) serve(ctx context.Context, in <-chan transport.Delivery) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	var working sync.WaitGroup
	shares := make([]chan transport.Delivery, len(p.Workers))
	for i, w := range p.Workers {
		shares[i] = make(chan transport.Delivery)
		working.Go(p.Guard(func() {
			if err := w.serve(ctx, shares[i]); err != nil {
				end(err)
			}
		}))
	}
	p.shareOut(ctx, in, shares)
	for _, share := range shares {
		close(share)
	}
	working.Wait()
	return context.Cause(ctx)
}

// shareOut passes orders on to the workers until in closes or ctx ends. A worker takes
// what it is given also while it works.
func (p Pool) shareOut(ctx context.Context, in <-chan transport.Delivery, shares []chan transport.Delivery) {
	for {
		select {
		case d, ok := <-in:
			if !ok {
				return
			}
			select {
			case shares[p.Share(d.User)] <- d:
			case <-ctx.Done():
				return
			}
		case <-ctx.Done():
			return
		}
	}
}
