package convoy

import (
	"math"
	"time"
)

// histogram counts durations in buckets that are 4.4 % wide, from 16 µs up.
type histogram struct {
	total   uint64
	buckets [16 * 32]uint32
}

const (
	histFloor  = 16 * time.Microsecond
	histOctave = 16 // buckets to a doubling
)

func (h *histogram) add(d time.Duration) {
	i := 0
	if d > histFloor {
		i = min(len(h.buckets)-1, int(histOctave*math.Log2(float64(d)/float64(histFloor))))
	}
	h.buckets[i]++
	h.total++
}

func (h *histogram) merge(other *histogram) {
	h.total += other.total
	for i, n := range other.buckets {
		h.buckets[i] += n
	}
}

// quantile returns the time below which the share q of what was counted lies,
// in milliseconds; false when nothing was counted.
func (h *histogram) quantile(q float64) (ms float64, ok bool) {
	if h.total == 0 {
		return 0, false
	}
	rank := q * float64(h.total)
	sum := 0.0
	for i, n := range h.buckets {
		if n == 0 {
			continue
		}
		if sum += float64(n); sum >= rank {
			middle := float64(histFloor) * math.Exp2((float64(i)+0.5)/histOctave)
			return middle / float64(time.Millisecond), true
		}
	}
	return 0, false
}

// stopwatch measures how long something ran, pauses left out.
type stopwatch struct {
	ran     time.Duration
	since   time.Time
	running bool
}

func (s *stopwatch) start(now time.Time) {
	if !s.running {
		s.since, s.running = now, true
	}
}

func (s *stopwatch) stop(now time.Time) {
	if s.running {
		s.ran += now.Sub(s.since)
		s.running = false
	}
}

func (s *stopwatch) elapsed(now time.Time) time.Duration {
	if s.running {
		return s.ran + now.Sub(s.since)
	}
	return s.ran
}
