package fleet

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"resilab/labs/retry/policy"
)

// drainFor is how long after the last operation began the queue is still drained;
// what is left then is lost.
const drainFor = 10 * time.Minute

// layer is the state of one layer of an operation.
type layer struct {
	prev    int64 // its latest wait, for the decorrelated jitter
	paid    float32
	retries int16
}

// operation is one piece of work of one client. It always has one event to
// come: either the reply to an attempt or the end of a wait.
type operation struct {
	start    int64
	layers   [MaxLayers]layer
	jitter   float64 // the draw for the wait after the attempt under way
	ticket   uint64  // the breaker's, for the attempt under way
	number   int32   // which operation this is, from 0
	calls    int32   // to the server
	outcome  outcome
	worked   bool // the attempt under way was carried out by the server
	charged  bool
	declined bool // the server declines this one
	waiting  bool // for the next attempt, not for a reply
	queued   bool
}

type simulation struct {
	cfg     *Config
	server  *server
	pending *timeline
	ops     []operation
	free    []int32 // places in ops that may be used again
	budgets [MaxLayers]*policy.Budget
	breaker *policy.Breaker
	queue   []int32 // operations to be drained, the oldest first
	out     *recorder

	mostCalls int   // to the server
	began     int   // operations so far
	nextBegin int64 // when the next one begins
	arrivals  draws
	draws     draws
}

// bucketWidth makes buckets of 2 ms, and the wheel one of 17 s.
const bucketWidth = 21

// never is later than every event.
const never = int64(1<<63 - 1)

// Run simulates. It returns an error if the settings make no sense or when the
// context ends. With ErrTooManyAttempts it also returns what happened so far: the
// bins are as they would have been, the sums are not.
func Run(ctx context.Context, cfg Config) (Result, error) {
	if err := cfg.Validate(); err != nil {
		return Result{}, fmt.Errorf("simulating a fleet: %w", err)
	}
	s := newSimulation(&cfg)
	for steps := 0; s.step(); steps++ {
		if steps%4096 != 0 {
			continue
		}
		if ctx.Err() != nil {
			return Result{}, fmt.Errorf("simulating a fleet: %w", ctx.Err())
		}
		if s.out.r.Calls > s.mostCalls {
			return s.out.result(), fmt.Errorf("simulating a fleet: %w: more than %d", ErrTooManyAttempts, s.mostCalls)
		}
	}
	return s.out.result(), nil
}

func newSimulation(cfg *Config) *simulation {
	s := &simulation{
		cfg: cfg, server: newServer(&cfg.Server), pending: newTimeline(bucketWidth), out: newRecorder(cfg),
		arrivals: newDraws(), draws: newDraws(), mostCalls: cmp.Or(cfg.MaxAttempts, DefaultMaxAttempts),
	}
	s.arrivals.set(cfg.Seed, -1, 0)
	if cfg.Budget != nil {
		for i := range cfg.Layers {
			s.budgets[i] = policy.NewBudget(*cfg.Budget)
		}
	}
	if cfg.Breaker != nil {
		s.breaker = policy.NewBreaker(*cfg.Breaker, nil)
	}
	s.scheduleBegin(0)
	return s
}

// clock returns virtual time as a time.Time.
func clock(now int64) time.Time { return time.Unix(0, now) }

// step carries out the earliest event, and returns false when there is none.
func (s *simulation) step() bool {
	e, ok := s.pending.next()
	if !ok {
		e.at = never
	}
	if s.nextBegin <= e.at {
		if s.nextBegin == never {
			return false
		}
		s.begin(s.nextBegin)
		return true
	}
	if op := &s.ops[e.op]; op.waiting {
		s.attempt(op, e)
	} else {
		s.reply(op, e)
	}
	return true
}

// again replaces the present event of an operation by its next one.
func (s *simulation) again(e event, at int64) {
	s.pending.pop()
	s.pending.push(event{at, e.op})
}

// scheduleBegin sets when the next operation begins.
func (s *simulation) scheduleBegin(now int64) {
	switch {
	case s.cfg.Every == 0 && s.began < s.cfg.Clients:
		s.nextBegin = 0
	case s.cfg.Every == 0:
		s.nextBegin = never
	default:
		mean := float64(s.cfg.Every) / float64(s.cfg.Clients)
		s.nextBegin = now + int64(mean*s.arrivals.ExpFloat64())
		if s.nextBegin >= int64(s.cfg.Duration) {
			s.nextBegin = never
		}
	}
}

func (s *simulation) begin(now int64) {
	s.draws.set(s.cfg.Seed, s.began, 0)
	op := operation{
		start: now, number: int32(s.began), waiting: true,
		declined: s.draws.happens(s.cfg.Server.DeclineRate),
	}
	s.began++
	s.out.operations++
	s.enter(s.cfg.Layers, now)
	s.pending.push(event{now, s.place(op)})
	s.scheduleBegin(now)
}

// enter counts a new operation in the budgets of the innermost n layers.
func (s *simulation) enter(n int, now int64) {
	if s.cfg.Budget == nil {
		return
	}
	for i := range n {
		s.budgets[i].Begin(clock(now))
	}
}

func (s *simulation) place(op operation) int32 {
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		s.ops[i] = op
		return i
	}
	s.ops = append(s.ops, op)
	return int32(len(s.ops) - 1)
}

// attempt calls the server, if the breaker allows it, and schedules the reply.
func (s *simulation) attempt(op *operation, e event) {
	now := e.at
	if s.breaker != nil {
		ticket, ok := s.breaker.Allow(clock(now))
		if !ok {
			s.unanswered(op, e)
			return
		}
		op.ticket = ticket
	}
	op.calls++
	s.draws.set(s.cfg.Seed, int(op.number), int(op.calls))
	op.jitter = s.draws.Float64()
	v := s.server.handle(now, op.declined, s.draws)
	s.out.called(now, op.calls > 1)
	s.charge(op, v)
	v = s.bounded(op, now, v)
	op.outcome, op.worked, op.waiting = v.outcome, v.worked, false
	s.again(e, v.at)
}

// bounded applies the attempt's time-out and the operation's deadline.
func (s *simulation) bounded(op *operation, now int64, v verdict) verdict {
	limit := never
	if t := s.cfg.Policy.AttemptTimeout; t > 0 {
		limit = now + int64(t)
	}
	if d := s.cfg.Policy.Deadline; d > 0 && !op.queued {
		limit = min(limit, op.start+int64(d))
	}
	if v.at > limit {
		v.at, v.outcome = limit, timedOut
	}
	return v
}

// charge counts a payment that the server carried out.
func (s *simulation) charge(op *operation, v verdict) {
	if !v.worked {
		return
	}
	s.out.worked++
	if op.charged && s.cfg.Keys {
		return
	}
	if op.charged {
		s.out.doubleCharges++
	}
	op.charged = true
	s.out.charges++
}

// reply handles the end of an attempt.
func (s *simulation) reply(op *operation, e event) {
	class := s.classify(op.outcome)
	if s.breaker != nil {
		s.breaker.Done(clock(e.at), op.ticket, class != policy.Transient)
	}
	if op.worked && op.outcome != succeeded {
		s.out.wasted++
	}
	switch {
	case op.queued:
		s.drained(op, e, class)
	case class == policy.Success:
		s.settle(op, e.at)
		s.out.succeeded(e.at, op)
		s.finish(e)
	case s.retries(op, e, class):
	default:
		s.giveUp(op, e, class)
	}
}

func (s *simulation) classify(o outcome) policy.Class {
	switch {
	case o == succeeded:
		return policy.Success
	case o == declined && !s.cfg.Blind:
		return policy.Permanent
	}
	return policy.Transient
}

// settle records a success in the budgets of all layers.
func (s *simulation) settle(op *operation, now int64) {
	if s.cfg.Budget == nil {
		return
	}
	for i := range s.cfg.Layers {
		s.budgets[i].End(clock(now), policy.Success, float64(op.layers[i].paid))
	}
}

// retries goes from the innermost layer outwards until one of them tries again,
// and returns false if none does.
func (s *simulation) retries(op *operation, e event, class policy.Class) bool {
	for i := range s.cfg.Layers {
		l := &op.layers[i]
		if s.budgets[i] != nil {
			s.budgets[i].End(clock(e.at), class, float64(l.paid))
		}
		if class == policy.Permanent || int(l.retries) >= s.cfg.Policy.Retries {
			continue
		}
		wait := s.wait(op, l)
		if d := s.cfg.Policy.Deadline; d > 0 && e.at+wait >= op.start+int64(d) {
			return false
		}
		if !s.pay(i, l, op.outcome == throttled, e.at) {
			continue
		}
		l.retries++
		// The layers further in start again.
		clear(op.layers[:i])
		s.enter(i, e.at)
		op.waiting = true
		s.again(e, e.at+wait)
		return true
	}
	return false
}

// wait returns the wait before a layer's next retry.
func (s *simulation) wait(op *operation, l *layer) int64 {
	own := s.cfg.Policy.Wait(int(l.retries), time.Duration(l.prev), op.jitter)
	l.prev = int64(own)
	if op.outcome == throttled {
		own = s.cfg.Policy.WithRetryAfter(own, s.cfg.Server.RetryAfter)
	}
	return int64(own)
}

// pay takes a retry from the budget of layer i.
func (s *simulation) pay(i int, l *layer, throttled bool, now int64) bool {
	if s.budgets[i] == nil {
		return true
	}
	paid, ok := s.budgets[i].Retry(clock(now), throttled)
	if !ok {
		s.out.overBudget++
		return false
	}
	l.paid = float32(paid)
	return true
}

// unanswered ends an operation, or puts off a queued one, that the breaker did not
// let through.
func (s *simulation) unanswered(op *operation, e event) {
	if op.queued {
		op.outcome = failed
		s.drained(op, e, policy.Transient)
		return
	}
	s.out.rejected(e.at)
	s.giveUp(op, e, policy.Transient)
}

func (s *simulation) giveUp(op *operation, e event, class policy.Class) {
	s.out.gaveUp(e.at, op, class)
	if !s.cfg.Queue || class == policy.Permanent {
		s.finish(e)
		return
	}
	s.out.queued++
	op.queued, op.waiting = true, true
	s.queue = append(s.queue, e.op)
	if len(s.queue) > 1 {
		s.pending.pop() // it is woken when its turn comes
		return
	}
	s.again(e, e.at+int64(s.cfg.DrainEvery))
}

// drained handles the end of an attempt to carry out the oldest queued operation.
func (s *simulation) drained(op *operation, e event, class policy.Class) {
	pause := s.cfg.DrainEvery
	if op.outcome == throttled {
		pause = s.cfg.Policy.WithRetryAfter(pause, s.cfg.Server.RetryAfter)
	}
	at := e.at + int64(pause)
	op.waiting = true
	switch {
	case class == policy.Transient && e.at < int64(s.cfg.Duration+drainFor):
		s.again(e, at)
		return
	case class == policy.Success:
		s.out.recovered(e.at)
	}
	s.finish(e)
	s.queue = s.queue[1:]
	if len(s.queue) > 0 {
		s.pending.push(event{at, s.queue[0]})
	}
}

// finish removes the operation of the present event.
func (s *simulation) finish(e event) {
	s.pending.pop()
	s.free = append(s.free, e.op)
}
