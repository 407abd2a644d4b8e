package cacheaside

import (
	"context"
	"time"
)

// until is a context with a deadline but without a timer: the network keeps to
// the deadline by itself. It costs a tenth of a timer, which counts where a
// whole hit takes some ten microseconds. Whoever waits for anything else takes
// waiting's.
type until struct {
	context.Context
	at time.Time
}

func (u until) Deadline() (time.Time, bool) { return u.at, true }

// waiting turns an until into a context that also ends on its own.
func waiting(ctx context.Context) (context.Context, context.CancelFunc) {
	if u, ok := ctx.(until); ok {
		return context.WithDeadline(u.Context, u.at)
	}
	return context.WithCancel(ctx)
}
