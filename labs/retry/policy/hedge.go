package policy

import (
	"context"
	"sync"
	"time"

	"resilab/labs/clock"
)

// Hedge returns a call that is started a second time, up to extra times, whenever
// no answer has come for delay. The first success wins and the others are
// cancelled; if all fail, the last error is returned. It returns only when every
// call it started has returned, so a call must end when its context does.
// A panic of a call is passed on. delay must be above 0; it is in the time of the
// clock, nil for the wall clock.
// Source: Dean and Barroso, "The Tail at Scale", CACM 56(2), 2013.
func Hedge[T any](c *clock.Clock, delay time.Duration, extra int, call func(context.Context) (T, error)) func(context.Context) (T, error) {
	return func(ctx context.Context) (T, error) {
		c := c
		if c == nil {
			c = clock.New(nil)
		}
		ctx, cancel := context.WithCancel(ctx)
		h := hedge[T]{clock: c, call: call, answers: make(chan answer[T], extra+1)}
		defer h.drain()
		defer cancel()
		return h.race(ctx, delay, extra)
	}
}

type answer[T any] struct {
	result   T
	err      error
	panicked any // a panic is the caller's, not its goroutine's
}

type hedge[T any] struct {
	clock   *clock.Clock
	call    func(context.Context) (T, error)
	answers chan answer[T]
	running int
	timing  sync.WaitGroup
}

func (h *hedge[T]) start(ctx context.Context) {
	h.running++
	go func() {
		var a answer[T]
		defer func() {
			a.panicked = recover()
			h.answers <- a
		}()
		a.result, a.err = h.call(ctx)
	}()
}

func (h *hedge[T]) race(ctx context.Context, delay time.Duration, extra int) (T, error) {
	late := make(chan struct{})
	h.timing.Go(func() { h.time(ctx, delay, extra, late) })
	h.start(ctx)
	for {
		select {
		case <-late:
			h.start(ctx)
		case a := <-h.answers:
			h.running--
			if a.panicked != nil {
				panic(a.panicked)
			}
			if a.err == nil || h.running == 0 {
				return a.result, a.err
			}
		}
	}
}

// time starts an extra call whenever another delay has passed.
func (h *hedge[T]) time(ctx context.Context, delay time.Duration, extra int, late chan<- struct{}) {
	for range extra {
		if h.clock.Sleep(ctx, delay) != nil {
			return
		}
		select {
		case late <- struct{}{}:
		case <-ctx.Done():
			return
		}
	}
}

// drain waits for the calls that lost.
func (h *hedge[T]) drain() {
	for ; h.running > 0; h.running-- {
		<-h.answers
	}
	h.timing.Wait()
}
