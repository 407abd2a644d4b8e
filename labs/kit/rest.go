package kit

import "context"

// Rest implements lab.Rester: it stops what looks at brokers and clocks at an
// interval, or lets it go on. The log's clock stands still meanwhile, as the run's does:
// who comes back finds both where they were.
func (l *Runner[R]) Rest(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rests == on {
		return
	}
	l.rests = on
	l.resting.turn(on)
	if on {
		l.awake.Hold()
	} else {
		l.awake.Release()
	}
}

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
