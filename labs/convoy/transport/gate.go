package transport

import (
	"context"
	"sync"
	"time"
)

// gate blocks callers until the lanes are declared.
type gate struct {
	lock  sync.Mutex
	up    chan struct{} // closed while the gate is open
	first chan error    // the outcome of the first attempt
}

func newGate() *gate { return &gate{up: make(chan struct{}), first: make(chan error, 1)} }

func (g *gate) open() {
	g.lock.Lock()
	defer g.lock.Unlock()
	close(g.up)
}

func (g *gate) shut() {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.up = make(chan struct{})
}

// setFirst records the outcome of the first attempt; later ones are ignored.
func (g *gate) setFirst(err error) {
	select {
	case g.first <- err:
	default:
	}
}

// AwaitFirst implements Transport.
func (g *gate) AwaitFirst(ctx context.Context) error {
	select {
	case err := <-g.first:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// AwaitUp implements Transport.
func (g *gate) AwaitUp(ctx context.Context) error {
	g.lock.Lock()
	up := g.up
	g.lock.Unlock()
	select {
	case <-up:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pause waits in real time, for what has to do with the network.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
