package retry

import (
	"context"
	"testing"
	"testing/synctest"

	"resilab/labs/lab"
)

// The fleet is simulated when the process has a turn for it; the live stream
// does not wait for that.
func TestTheFleetWaitsForItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turn, returned := make(chan struct{}), make(chan struct{})
		env := lab.Env{Shared: lab.Shared{Turn: func(ctx context.Context) (func(), error) {
			select {
			case <-turn:
				return func() { close(returned) }, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}}}
		l := start(t, env, settings(t, map[string]string{"rate": "100"}), 1)
		snap := until(t, l, "operations end", func(s *lab.Snapshot) bool { return s.Metrics["success"] > 0 })
		if snap.Detail.(*Detail).Fleet != nil {
			t.Error("simulated without a turn")
		}
		close(turn)
		<-returned
		until(t, l, "the fleet is simulated", func(s *lab.Snapshot) bool { return s.Detail.(*Detail).Fleet != nil })
	})
}
