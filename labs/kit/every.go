package kit

import (
	"context"
	"time"
)

// Every calls do once an interval of real time until ctx ends. An interval that do
// outlasts is left out.
func Every(ctx context.Context, interval time.Duration, do func()) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if ctx.Err() != nil { // both were ready
				return
			}
			do()
		}
	}
}
