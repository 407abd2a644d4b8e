package cacheaside

import (
	"context"
	"sync"
)

// presentRun is the run under way, for what comes from outside.
type presentRun struct {
	mu    sync.Mutex
	run   *run
	old   *run
	ready chan struct{} // closed at the next run; nil while one is under way
}

func (p *presentRun) set(r *run) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.run = r
	if r == nil {
		if p.ready == nil {
			p.ready = make(chan struct{})
		}
		return
	}
	p.old = r
	if p.ready != nil {
		close(p.ready)
		p.ready = nil
	}
}

// last returns the last run; nil: there was none.
func (p *presentRun) last() *run {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.old
}

// enter runs work that belongs to the run under way, and waits for it. Between two
// runs it waits for the next one. It returns false where there is none until ctx
// ends.
func (p *presentRun) enter(ctx context.Context, work func(ctx context.Context, r *run)) bool {
	for {
		p.mu.Lock()
		r, ready := p.run, p.ready
		if r != nil {
			done := make(chan struct{})
			r.Go(func(run context.Context) {
				defer close(done)
				both, cancel := context.WithCancel(ctx)
				defer context.AfterFunc(run, cancel)()
				defer cancel()
				work(both, r)
			})
			p.mu.Unlock()
			<-done
			return true
		}
		p.mu.Unlock()
		if ready == nil {
			return false // the first run has not begun
		}
		select {
		case <-ctx.Done():
			return false
		case <-ready:
		}
	}
}
