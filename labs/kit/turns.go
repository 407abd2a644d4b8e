package kit

import "context"

// Turns limits how many heavy computations run at once in a process that many
// people share. Each person has a Share, of which one computation runs or waits
// for a slot; slots are given in the order of asking. So the person with the most
// computations delays only their own. All methods are safe for concurrent use.
type Turns struct{ slots chan struct{} }

// NewTurns returns turns of which up to slots, at least one, run at once.
func NewTurns(slots int) *Turns { return &Turns{slots: make(chan struct{}, max(1, slots))} }

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
	case s.turns.slots <- struct{}{}:
	case <-ctx.Done():
		<-s.own
		return nil, ctx.Err()
	}
	return func() {
		<-s.turns.slots
		<-s.own
	}, nil
}
