package service

import (
	"time"

	"resilab/labs/clock"
)

// LongestTTL bounds the TTL of a copy before its jitter, so that what a
// killed program leaves behind expires within two minutes.
const LongestTTL = time.Minute

// lifetimes gives fresh copies their TTL.
type lifetimes struct {
	clock    *clock.Clock
	ttl      time.Duration
	jitter   float64
	negative time.Duration // of the absence of a product
	fromRead bool          // a TTL counts from the reading of the database
	draw     func() float64
}

func newLifetimes(cfg Config, d Deps, fromRead bool) *lifetimes {
	return &lifetimes{clock: d.Clock, ttl: min(cfg.TTL, LongestTTL), jitter: cfg.TTLJitter, negative: cfg.NegativeTTL,
		fromRead: fromRead, draw: d.Draw}
}

// of returns the TTL of a fresh copy. Where the age of a copy matters, it counts
// from the moment the database was read, so that no copy outlives its row by more
// than the TTL even where Redis could not be told of a change.
func (l *lifetimes) of(e Entry) time.Duration {
	ttl := l.jittered()
	if e.Missing {
		ttl = l.negative
	}
	if e.Missing || l.fromRead {
		ttl -= l.clock.Since(e.LoadedAt())
	}
	return ttl
}

// jittered draws a TTL, evenly around the one that was set.
func (l *lifetimes) jittered() time.Duration {
	if l.jitter == 0 {
		return l.ttl
	}
	return time.Duration(float64(l.ttl) * (1 + l.jitter*(2*l.draw()-1)))
}
