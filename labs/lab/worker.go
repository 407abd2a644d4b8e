package lab

import (
	"context"
	"sync"
)

// worker runs jobs one after another on one goroutine.
type worker struct {
	wake chan struct{}

	mu     sync.Mutex
	jobs   []func(context.Context)
	busy   bool
	cancel context.CancelFunc // nil: not started, or stopped
	done   chan struct{}
}

func newWorker() *worker { return &worker{wake: make(chan struct{}, 1)} }

// start starts the goroutine. The caller must call stop.
func (w *worker) start(ctx context.Context, env Env) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ctx, w.cancel = context.WithCancel(ctx)
	w.done = make(chan struct{})
	done := w.done
	go env.Guarded(func() {
		defer close(done)
		w.run(ctx)
	})()
}

// stop ends the context of the job under way and waits for it.
func (w *worker) stop() {
	w.mu.Lock()
	cancel, done := w.cancel, w.done
	w.cancel = nil
	w.mu.Unlock()
	if cancel != nil {
		cancel()
		<-done
	}
}

func (w *worker) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		}
		for job := w.next(); job != nil && ctx.Err() == nil; job = w.next() {
			job(ctx)
		}
	}
}

// next removes the first job; nil where there is none.
func (w *worker) next() func(context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy = len(w.jobs) > 0
	if !w.busy {
		return nil
	}
	job := w.jobs[0]
	w.jobs = w.jobs[1:]
	return job
}

func (w *worker) enqueue(job func(context.Context)) {
	w.mu.Lock()
	w.jobs = append(w.jobs, job)
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// idle reports whether no job is under way or waits.
func (w *worker) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.jobs) == 0 && !w.busy
}
