package clock

import (
	"runtime/metrics"
	"slices"
	"time"
)

// unlucky is the part of the goroutines that may wait longer than Lateness says.
const unlucky = 0.01

// Lateness returns a function that says how long goroutines of this process have waited
// for a processor since its last call: 99 of 100 no longer than that. It is for one
// goroutine.
func Lateness() func() time.Duration {
	sample := []metrics.Sample{{Name: "/sched/latencies:seconds"}}
	var before []uint64
	return func() time.Duration {
		metrics.Read(sample)
		if sample[0].Value.Kind() != metrics.KindFloat64Histogram {
			return 0 // a later Go may not have it
		}
		h := sample[0].Value.Float64Histogram()
		late := allBut(unlucky, h.Buckets, h.Counts, before)
		before = slices.Clone(h.Counts)
		return late
	}
}

// allBut returns how long all but a part have waited of those that were counted since
// before, which may be empty: the lower bound of the bucket.
func allBut(part float64, buckets []float64, counts, before []uint64) time.Duration {
	since := slices.Clone(counts)
	var all uint64
	for i := range since {
		if i < len(before) {
			since[i] -= before[i]
		}
		all += since[i]
	}
	longer := uint64(float64(all) * part)
	for i := len(since) - 1; i > 0; i-- { // the first bucket begins at minus infinity
		if since[i] > longer {
			return time.Duration(buckets[i] * float64(time.Second))
		}
		longer -= since[i]
	}
	return 0
}
