package link

import (
	"math/rand/v2"
	"time"
)

// shape is how the link treats what is under way in one direction.
type shape struct {
	latency, jitter time.Duration
	loss            float64
	stall           time.Duration
	bandwidth       int // bytes a second; 0 is unlimited
}

// pacer says when each chunk of one direction of a connection arrives.
type pacer struct {
	rng  *rand.Rand
	sent time.Time // when the wire is done with sending the last chunk
	last time.Time // when the last chunk arrives
}

// due returns when a chunk of size bytes, ready at now, arrives: after the time
// that the bandwidth takes for it and those before it, the latency, a jitter
// uniform in ± the set one, and with the probability of a loss the stall. It never
// arrives before an earlier chunk.
func (p *pacer) due(now time.Time, size int, s shape) time.Time {
	if now.After(p.sent) {
		p.sent = now
	}
	if s.bandwidth > 0 {
		p.sent = p.sent.Add(time.Duration(float64(size) / float64(s.bandwidth) * float64(time.Second)))
	}
	delay := s.latency
	if s.jitter > 0 {
		delay += time.Duration((2*p.rng.Float64() - 1) * float64(s.jitter))
	}
	if s.loss > 0 && p.rng.Float64() < s.loss {
		delay += s.stall
	}
	if at := p.sent.Add(max(delay, 0)); at.After(p.last) {
		p.last = at
	}
	return p.last
}
