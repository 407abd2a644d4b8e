package retry

import (
	"math"
	"time"
)

// histogram keeps times in buckets that grow by 2 %, so that quantiles of any
// number of times are known to 1 % in constant space.
type histogram struct {
	counts [bucketCount]uint32
	total  int
}

const (
	bucketGrowth = 1.02
	bucketFloor  = 100 * time.Microsecond
	bucketCount  = 1024 // the last one begins above 17 hours
)

func (h *histogram) add(d time.Duration) {
	i := 0
	if d > bucketFloor {
		i = int(math.Log(float64(d)/float64(bucketFloor))/math.Log(bucketGrowth)) + 1
	}
	h.counts[min(i, bucketCount-1)]++
	h.total++
}

// quantile returns the time that a share q of the times does not exceed; 0 if
// there are none.
func (h *histogram) quantile(q float64) time.Duration {
	rank := max(1, int(math.Ceil(q*float64(h.total))))
	seen := 0
	for i, n := range h.counts {
		seen += int(n)
		if n > 0 && seen >= rank {
			middle := math.Pow(bucketGrowth, float64(i)-0.5)
			return time.Duration(float64(bucketFloor) * middle)
		}
	}
	return 0
}
