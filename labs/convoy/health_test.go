package convoy

import (
	"errors"
	"slices"
	"testing"
	"time"

	"resilab/labs/clock"
	"resilab/labs/convoy/transport"
	"resilab/labs/kit"
)

// What lasts is one line, however often it is found again, and counts from its begin.
func TestALastingTroubleIsOneLine(t *testing.T) {
	now := time.Unix(1000, 0)
	c := clock.New(func() time.Time { return now })
	base := &kit.Base{Clock: c, Valve: kit.NewValve(), Log: kit.NewThrottledLog(50, 50, c.Now)}
	h := newHealth(base, "RabbitMQ", kit.NewStopwatch(c.Now), nil)
	for range 84 {
		h.Down("127.0.0.1:5672", errors.New("connection refused"))
		now = now.Add(400 * time.Millisecond)
	}
	began := now
	h.LanesDown([]transport.Lane{{Number: 1}})
	now = now.Add(2 * time.Second)
	h.LanesDown([]transport.Lane{{Number: 1}, {Number: 2}})
	if !h.down.Since.Equal(began) || h.down.Args[0] != "1, 2" {
		t.Errorf("lanes %v are down since %v, want 1, 2 since %v", h.down.Args, h.down.Since, began)
	}
	now = now.Add(3 * time.Second)
	h.LanesDown(nil)
	var lines []string
	events, _ := base.Log.Last(100)
	for _, e := range events {
		lines = append(lines, e.Key)
	}
	if want := []string{"convoy.event.down", "convoy.event.lanes_down", "convoy.event.lanes_down", "convoy.event.lanes_back"}; !slices.Equal(lines, want) {
		t.Errorf("the log has %v, want %v", lines, want)
	}
	if back := events[len(events)-1].Args[0]; back != 5*time.Second {
		t.Errorf("the lanes are back after %v, want 5s", back)
	}
}
