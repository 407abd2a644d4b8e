package transport

import (
	"testing"
	"time"

	"resilab/brokers/rabbitmq"
)

// TestRefusalsAskForANewChannel: where one order is refused again and again, and not
// where orders are refused once, or accepted in the end.
func TestRefusalsAskForANewChannel(t *testing.T) {
	f := newRefusals()
	at := time.Time{}
	step := func(wait time.Duration, n uint64, fate rabbitmq.Fate, want bool) {
		t.Helper()
		at = at.Add(wait)
		f.settled(n, fate, at)
		if due := len(f.due) > 0; due != want {
			t.Fatalf("after %s: due %v, want %v", at.Sub(time.Time{}), due, want)
		}
	}
	step(0, 1, rabbitmq.Refused, false)
	step(refusedAtFirst, 2, rabbitmq.Refused, false)
	step(0, 1, rabbitmq.Confirmed, false)
	step(time.Millisecond, 1, rabbitmq.Refused, false)
	step(refusedAtFirst-time.Millisecond, 2, rabbitmq.Refused, true)
	f.renewed(at)
	step(refusedAtFirst, 2, rabbitmq.Refused, false) // later than the first time
	step(refusedAtFirst, 2, rabbitmq.Refused, true)
	f.renewed(at)
	step(refusedAtFirst, 2, rabbitmq.Confirmed, false) // it has helped
	step(0, 3, rabbitmq.Refused, false)
	step(refusedAtFirst, 3, rabbitmq.Refused, true)
}
