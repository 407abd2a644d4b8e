package convoy

import (
	"context"
	"errors"
	"slices"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"resilab/labs/lab"
)

// errKilled ends a consumer the way a crash does.
var errKilled = errors.New("the consumer was killed")

// timerSlack is how late a timer may be.
const timerSlack = 3 * time.Millisecond

// restartAfter is how long a killed consumer stays away.
const restartAfter = time.Second

// worker is one consumer: it handles one order after another.
type worker struct {
	e      *epoch
	number int
	lane   *lane
	wake   chan struct{}

	// Guarded by e.mu.
	connected bool
	hung      bool // it does not go on, yet keeps what it has
	dying     bool // it dies between handling the next order and acknowledging it

	jobs []job     // received, the first one in work; of the goroutine of run
	free time.Time // when the last work ended, as far as it should have
	stop context.CancelFunc
}

// job is a received order.
type job struct {
	order
	lane     *lane
	delivery amqp.Delivery
}

// run consumes until ctx ends or the worker leaves.
func (w *worker) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w.e.mu.Lock()
	w.stop = cancel
	w.e.mu.Unlock()
	w.e.broker.consume(ctx, w)
}

// serve handles what arrives until in closes, ctx ends, or the worker is killed.
func (w *worker) serve(ctx context.Context, in <-chan amqp.Delivery) error {
	w.setConnected(true)
	defer w.leave()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if err := w.fill(ctx, &in); err != nil || len(w.jobs) == 0 {
			return err
		}
		err := w.handle(ctx, &in, timer)
		if err != nil || in == nil {
			return err
		}
	}
}

// fill receives what is there, and waits for at least one order. No order and
// no error means that in has closed.
func (w *worker) fill(ctx context.Context, in *<-chan amqp.Delivery) error {
	for {
		d, ok, err := w.next(ctx, *in)
		if err != nil || !ok {
			return err
		}
		if err := w.receive(d); err != nil {
			return err
		}
	}
}

// next returns a delivery, if there is one. It waits only for the first job.
func (w *worker) next(ctx context.Context, in <-chan amqp.Delivery) (d amqp.Delivery, ok bool, err error) {
	if len(w.jobs) > 0 {
		select {
		case d, ok = <-in:
		default:
		}
		return d, ok, nil
	}
	select {
	case d, ok = <-in:
		return d, ok, nil
	case <-ctx.Done():
		return d, false, ctx.Err()
	}
}

func (w *worker) receive(d amqp.Delivery) error {
	o, err := decodeOrder(d.Body)
	if err != nil || o.user >= w.e.cfg.users {
		return d.Reject(false) // none of ours
	}
	l := w.e.broker.laneOf(w, &d)
	w.jobs = append(w.jobs, job{o, l, d})
	w.e.delivered(w, l, o, d.Redelivered)
	return nil
}

// handle works on the first job and settles it.
func (w *worker) handle(ctx context.Context, in *<-chan amqp.Delivery, timer *time.Timer) error {
	j := w.jobs[0]
	if err := w.pass(ctx, in, timer, w.e.cfg.workOf(j.n, j.user)); err != nil {
		return err
	}
	fails, exhausted := w.e.fails(j.order)
	if fails {
		w.drop()
		return w.giveUp(j, exhausted)
	}
	w.e.handled(j.lane, j.order)
	if w.dies() {
		return errKilled
	}
	w.drop()
	return j.delivery.Ack(false)
}

func (w *worker) drop() {
	w.jobs[0] = job{}
	w.jobs = w.jobs[1:]
}

// giveUp settles an order that could not be handled.
func (w *worker) giveUp(j job, exhausted bool) error {
	if exhausted {
		return j.delivery.Reject(false)
	}
	w.e.log.order(lab.MarkRetry, "convoy.event.failed", j.order)
	w.e.givenBack([]order{j.order})
	err := w.requeue(j)
	if errors.Is(err, errKeep) {
		w.jobs = slices.Insert(w.jobs, 0, j)
		w.e.delivered(w, j.lane, j.order, true)
		return nil
	}
	return err
}

func (w *worker) requeue(j job) error {
	if w.e.cfg.requeueReject {
		return j.delivery.Reject(true)
	}
	return j.delivery.Nack(false, true)
}

// pass lets the work time go by, and the time that the worker hangs. What
// arrives meanwhile is received. When in closes, it becomes nil: the work goes
// on, as it would in a real consumer that has not noticed yet.
func (w *worker) pass(ctx context.Context, in *<-chan amqp.Delivery, timer *time.Timer, d time.Duration) error {
	if d <= 0 && !w.isHung() {
		return nil
	}
	// A timer fires late by up to a millisecond. A consumer that is busy all
	// the time makes up for it with the next order.
	now := time.Now()
	if w.free.Before(now.Add(-timerSlack)) {
		w.free = now
	}
	w.free = w.free.Add(d)
	timer.Reset(w.free.Sub(now))
	elapsed := false
	for !elapsed || w.isHung() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			elapsed = true
		case <-w.wake:
		case d, ok := <-*in:
			if !ok {
				*in = nil
			} else if err := w.receive(d); err != nil {
				return err
			}
		}
	}
	return nil
}

// nudge makes a waiting worker look at its flags.
func (w *worker) nudge() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *worker) isHung() bool {
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	return w.hung
}

func (w *worker) dies() bool {
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	dying := w.dying
	if dying {
		w.dying = false
		w.e.log.add(lab.MarkFault, "convoy.event.killed", w.number, len(w.jobs))
	}
	return dying
}

func (w *worker) setConnected(on bool) {
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	w.connected = on
	w.e.rev.Add(1)
}

// leave gives back what was received and not acknowledged.
func (w *worker) leave() {
	w.setConnected(false)
	back := make([]order, len(w.jobs))
	for i, j := range w.jobs {
		back[i] = j.order
	}
	w.jobs = nil
	w.e.givenBack(back)
}
