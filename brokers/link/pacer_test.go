package link

import (
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestPacer(t *testing.T) {
	const ms = time.Millisecond
	start := time.Unix(0, 0)
	type step struct {
		at   time.Duration // when the chunk is ready
		size int
		want time.Duration // when it arrives
	}
	for _, tt := range []struct {
		name  string
		shape shape
		steps []step
	}{
		{"nothing", shape{}, []step{{0, 100, 0}, {5 * ms, 100, 5 * ms}}},
		{"latency", shape{latency: 20 * ms}, []step{{0, 1, 20 * ms}, {1 * ms, 1, 21 * ms}, {50 * ms, 1, 70 * ms}}},
		{"stall", shape{latency: 5 * ms, loss: 1, stall: 200 * ms}, []step{{0, 1, 205 * ms}, {10 * ms, 1, 215 * ms}}},
		{"bandwidth", shape{bandwidth: 1000}, []step{{0, 100, 100 * ms}, {0, 50, 150 * ms}, {1000 * ms, 1, 1001 * ms}}},
		{"all", shape{bandwidth: 1000, latency: 10 * ms}, []step{{0, 100, 110 * ms}, {0, 100, 210 * ms}}},
	} {
		p := pacer{rng: rand.New(rand.NewPCG(1, 2))}
		for i, s := range tt.steps {
			if got := p.due(start.Add(s.at), s.size, tt.shape).Sub(start); got != s.want {
				t.Errorf("%s: chunk %d arrives at %v, want %v", tt.name, i, got, s.want)
			}
		}
	}
}

// TestPacerKeepsOrder: whatever changes, nothing arrives before what went before
// it, and without a stall nothing takes longer than the latency and jitter.
func TestPacerKeepsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := pacer{rng: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))}
		millis := rapid.Map(rapid.IntRange(0, 100), func(n int) time.Duration { return time.Duration(n) * time.Millisecond })
		now := time.Unix(0, 0)
		last := now
		for range rapid.IntRange(1, 50).Draw(t, "chunks") {
			now = now.Add(millis.Draw(t, "pause"))
			s := shape{latency: millis.Draw(t, "latency"), jitter: millis.Draw(t, "jitter")}
			at := p.due(now, 1, s)
			if at.Before(last) || at.Before(now) {
				t.Fatalf("arrives at %v, ready at %v, the one before at %v", at, now, last)
			}
			if at.After(last) && at.Sub(now) > s.latency+s.jitter || at.After(last) && at.Sub(now) < s.latency-s.jitter {
				t.Fatalf("took %v with latency %v ± %v", at.Sub(now), s.latency, s.jitter)
			}
			last = at
		}
	})
}
