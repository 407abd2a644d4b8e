package faultproxy

import (
	"math/rand/v2"
	"time"
)

// delay is what a proxy adds to each direction of a connection.
type delay struct {
	latency, jitter time.Duration
}

// pacer computes when each chunk of one direction of a connection is delivered.
type pacer struct {
	rng  *rand.Rand
	last time.Time // when the previous chunk is delivered
}

// due returns when a chunk that was read at now is delivered: after the latency
// and a uniform jitter, and never before an earlier chunk.
func (p *pacer) due(now time.Time, d delay) time.Time {
	wait := d.latency
	if d.jitter > 0 {
		wait += time.Duration((2*p.rng.Float64() - 1) * float64(d.jitter))
	}
	if at := now.Add(max(wait, 0)); at.After(p.last) {
		p.last = at
	}
	return p.last
}
