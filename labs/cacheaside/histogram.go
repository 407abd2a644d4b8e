package cacheaside

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// histogram counts durations in buckets of at most 6 % width, from 1 µs to
// over an hour. Adding is one atomic step, safe for concurrent use.
type histogram struct {
	buckets [histogramSize]atomic.Int64
	sum     atomic.Int64 // ns
}

const (
	subBits       = 4 // 16 buckets for each power of two
	histogramSize = 34 << subBits
)

func (h *histogram) add(d time.Duration) {
	h.buckets[bucketOf(d)].Add(1)
	h.sum.Add(int64(max(d, 0)))
}

func bucketOf(d time.Duration) int {
	us := uint64(max(d, 0)) / uint64(time.Microsecond)
	if us < 1<<subBits {
		return int(us)
	}
	exp := bits.Len64(us) - subBits - 1
	return min(exp<<subBits+int(us>>exp), histogramSize-1)
}

// middle is the duration that a bucket stands for.
func middle(bucket int) time.Duration {
	if bucket < 1<<subBits {
		return time.Duration(bucket)*time.Microsecond + time.Microsecond/2
	}
	exp := bucket>>subBits - 1
	low := uint64(bucket-exp<<subBits) << exp
	return time.Duration(low+uint64(1)<<exp/2) * time.Microsecond
}

// summary is what a histogram says at one moment.
type summary struct {
	n              int64
	mean, p50, p99 time.Duration
}

func (h *histogram) summary() summary {
	var counts [histogramSize]int64
	var s summary
	for i := range h.buckets {
		counts[i] = h.buckets[i].Load()
		s.n += counts[i]
	}
	if s.n == 0 {
		return s
	}
	s.mean = time.Duration(h.sum.Load() / s.n)
	s.p50, s.p99 = quantile(&counts, s.n, 0.5), quantile(&counts, s.n, 0.99)
	return s
}

func quantile(counts *[histogramSize]int64, n int64, q float64) time.Duration {
	rank := int64(math.Ceil(q * float64(n)))
	for i, c := range counts {
		if rank -= c; rank <= 0 {
			return middle(i)
		}
	}
	return middle(histogramSize - 1)
}

// toMillis is d in milliseconds, as metrics give it.
func toMillis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
