package kit

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// Histogram counts durations from 1 ns to 39 hours in buckets that are at most
// 1.6 % wide, so that a quantile is known to 0.8 %. The zero value is empty and
// ready to use. All methods are safe for concurrent use, and Add takes no lock.
//
// A library such as HdrHistogram reserves the whole range at once, 20 KB at this
// error, and needs a lock; a lab has one histogram for each of its users, so this
// one allocates each power of two when it is first needed (256 B). A bucket
// counts up to 4,294,967,295 durations.
type Histogram struct {
	octaves [octaveCount]atomic.Pointer[octave]
	count   atomic.Uint64
	sum     atomic.Int64 // ns
}

const (
	subBits     = 6 // 64 buckets for each power of two
	octaveCount = 42
)

type octave [1 << subBits]atomic.Uint32

// place returns where a duration is counted.
func place(d time.Duration) (oct, sub int) {
	ns := uint64(max(d, 0))
	if ns < 1<<subBits {
		return 0, int(ns)
	}
	shift := bits.Len64(ns) - subBits - 1
	if shift+1 >= octaveCount {
		return octaveCount - 1, 1<<subBits - 1
	}
	return shift + 1, int(ns>>shift) - 1<<subBits
}

// middle returns the duration in the middle of a bucket.
func middle(oct, sub int) time.Duration {
	if oct == 0 {
		return time.Duration(sub)
	}
	low := uint64(1<<subBits+sub) << (oct - 1)
	return time.Duration(low + (uint64(1)<<(oct-1))/2)
}

// Add counts one duration. Negative durations count as 0.
func (h *Histogram) Add(d time.Duration) {
	oct, sub := place(d)
	h.octave(oct)[sub].Add(1)
	h.count.Add(1)
	h.sum.Add(int64(max(d, 0)))
}

func (h *Histogram) octave(i int) *octave {
	if o := h.octaves[i].Load(); o != nil {
		return o
	}
	h.octaves[i].CompareAndSwap(nil, new(octave))
	return h.octaves[i].Load()
}

// Merge adds everything that other has counted.
func (h *Histogram) Merge(other *Histogram) {
	for i := range other.octaves {
		from := other.octaves[i].Load()
		if from == nil {
			continue
		}
		to := h.octave(i)
		for j := range from {
			if n := from[j].Load(); n > 0 {
				to[j].Add(n)
			}
		}
	}
	h.count.Add(other.count.Load())
	h.sum.Add(other.sum.Load())
}

// Count returns how many durations were counted.
func (h *Histogram) Count() uint64 { return h.count.Load() }

// Mean returns the exact mean; 0 when nothing was counted.
func (h *Histogram) Mean() time.Duration {
	n := h.count.Load()
	if n == 0 {
		return 0
	}
	return time.Duration(h.sum.Load() / int64(n))
}

// Quantile returns the smallest duration that a share q of the counted ones does
// not exceed, to 0.8 %. It reports false when nothing was counted.
func (h *Histogram) Quantile(q float64) (time.Duration, bool) {
	var found [1]time.Duration
	ok := h.quantiles([]float64{q}, found[:])
	return found[0], ok
}

// Quantiles returns the durations for several ascending shares in one pass. It
// reports false when nothing was counted.
func (h *Histogram) Quantiles(shares ...float64) ([]time.Duration, bool) {
	found := make([]time.Duration, len(shares))
	return found, h.quantiles(shares, found)
}

func (h *Histogram) quantiles(shares []float64, found []time.Duration) bool {
	total := h.count.Load()
	if total == 0 || len(shares) == 0 {
		return false
	}
	seen, next := uint64(0), 0
	var last time.Duration
	for i := range h.octaves {
		o := h.octaves[i].Load()
		if o == nil {
			continue
		}
		for j := range o {
			n := o[j].Load()
			if n == 0 {
				continue
			}
			seen += uint64(n)
			last = middle(i, j)
			for seen >= rank(shares[next], total) {
				found[next] = last
				if next++; next == len(shares) {
					return true
				}
			}
		}
	}
	for ; next < len(shares); next++ { // another goroutine is between its two steps
		found[next] = last
	}
	return true
}

// rank is the position of a quantile among total durations, from 1.
func rank(q float64, total uint64) uint64 {
	return max(1, uint64(math.Ceil(q*float64(total))))
}

// Millis returns d in milliseconds, the unit of metrics that end in _ms.
func Millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
