package kit

import "context"

// Rest implements lab.Rester: it stops what looks at brokers and clocks at an
// interval, or lets it go on.
func (l *Runner[R]) Rest(on bool) { l.resting.turn(on) }

// Awake waits while the lab rests. It returns the error of ctx if that ends. Work
// that is done at an interval calls it first.
func (b *Base) Awake(ctx context.Context) error {
	for {
		awake, turned := b.resting.State()
		if awake {
			return ctx.Err()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-turned:
		}
	}
}
