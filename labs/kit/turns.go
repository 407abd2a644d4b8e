package kit

import (
	"context"
	"time"
)

// Turns limits how many heavy computations run at once in a process that many
// people share. Each person has a Share, of which one computation runs or waits
// for a slot; slots are given in the order of asking. So the person with the most
// computations delays only their own. A slot rests as long as it was used, so that
// computations without end leave half of the time to the rest of the process. All
// methods are safe for concurrent use.
type Turns struct{ slots chan time.Time } // each says when it may be used again

// NewTurns returns turns of which up to slots, at least one, run at once.
func NewTurns(slots int) *Turns {
	t := &Turns{slots: make(chan time.Time, max(1, slots))}
	for range cap(t.slots) {
		t.slots <- time.Time{}
	}
	return t
}

// Share is one person's part of Turns.
type Share struct {
	turns *Turns
	own   chan struct{}
}

// NewShare returns the share of one more person.
func (t *Turns) NewShare() *Share { return &Share{turns: t, own: make(chan struct{}, 1)} }

// Wait returns when a computation may run, or with the error of ctx. The caller
// must call done afterwards, once.
func (s *Share) Wait(ctx context.Context) (done func(), err error) {
	select {
	case s.own <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case rested := <-s.turns.slots:
		if err := sleepUntil(ctx, rested); err != nil {
			s.turns.slots <- rested
			<-s.own
			return nil, err
		}
	case <-ctx.Done():
		<-s.own
		return nil, ctx.Err()
	}
	began := time.Now()
	return func() {
		now := time.Now()
		s.turns.slots <- now.Add(now.Sub(began))
		<-s.own
	}, nil
}

// sleepUntil waits for a time, or returns the error of ctx.
func sleepUntil(ctx context.Context, t time.Time) error {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
