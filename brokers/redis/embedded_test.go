package redis

import (
	"testing"
	"time"
)

// However long one walk was held up, keys die in time.
func TestAWalkThatWasHeldUpDoesNotStopTheClock(t *testing.T) {
	e, err := StartEmbedded("")
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	c, err := Open(e.URL(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Set(t.Context(), "k", []byte("v"), 50*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	e.mu.Lock()
	e.cost = 5 * time.Second
	e.mu.Unlock()
	begin := time.Now()
	left := make([]time.Duration, 1)
	for left[0] != Gone {
		if err := c.PTTLs(t.Context(), []string{"k"}, left); err != nil {
			t.Fatal(err)
		}
		if time.Since(begin) > 20*time.Second {
			t.Fatal("a key of 50 ms is still there")
		}
	}
	t.Logf("gone after %s", time.Since(begin))
}
