package faultproxy

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
		at   time.Duration // when the chunk is read
		want time.Duration // when it is delivered
	}
	for _, tt := range []struct {
		name  string
		delay delay
		steps []step
	}{
		{"none", delay{}, []step{{0, 0}, {5 * ms, 5 * ms}}},
		{"latency", delay{latency: 20 * ms}, []step{{0, 20 * ms}, {1 * ms, 21 * ms}, {50 * ms, 70 * ms}}},
	} {
		p := pacer{rng: rand.New(rand.NewPCG(1, 2))}
		for i, s := range tt.steps {
			if got := p.due(start.Add(s.at), tt.delay).Sub(start); got != s.want {
				t.Errorf("%s: chunk %d is due at %v, want %v", tt.name, i, got, s.want)
			}
		}
	}
}

// TestPacerKeepsOrder: no chunk is due before an earlier one, and each one that
// does not wait for an earlier one takes the latency ± the jitter.
func TestPacerKeepsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := pacer{rng: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))}
		millis := rapid.Map(rapid.IntRange(0, 100), func(n int) time.Duration { return time.Duration(n) * time.Millisecond })
		now := time.Unix(0, 0)
		last := now
		for range rapid.IntRange(1, 50).Draw(t, "chunks") {
			now = now.Add(millis.Draw(t, "pause"))
			d := delay{latency: millis.Draw(t, "latency"), jitter: millis.Draw(t, "jitter")}
			at := p.due(now, d)
			if at.Before(last) || at.Before(now) {
				t.Fatalf("due at %v, read at %v, the previous one at %v", at, now, last)
			}
			if took := at.Sub(now); at.After(last) && (took > d.latency+d.jitter || took < d.latency-d.jitter) {
				t.Fatalf("took %v with latency %v ± %v", took, d.latency, d.jitter)
			}
			last = at
		}
	})
}
