package measure

import (
	"sync"
	"time"
)

// perSecond counts events in the last second, which moves on by tenths, and keeps
// the peak.
type perSecond struct {
	mu     sync.Mutex
	part   int64                  // the present one, since 1970
	counts [secondParts + 1]int64 // of the present part and those before it, by part modulo length
	sum    int64                  // of them all
	peak   int64
}

const secondParts = 10

func (p *perSecond) add(at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn(at)
	p.counts[p.part%int64(len(p.counts))]++
	p.sum++
	p.peak = max(p.peak, p.sum-p.counts[(p.part+1)%int64(len(p.counts))])
}

// turn moves on to the part that a moment is in. One that has passed already
// counts as the present: callers come in any order.
func (p *perSecond) turn(at time.Time) {
	part := at.UnixMilli() * secondParts / 1000
	for p.part = max(p.part, part-int64(len(p.counts))); p.part < part; {
		p.part++
		oldest := &p.counts[p.part%int64(len(p.counts))]
		p.sum -= *oldest
		*oldest = 0
	}
}

// rate returns the count of the last second whose parts are complete, and the
// peak of any second.
func (p *perSecond) rate(at time.Time) (last, peak int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn(at)
	return p.sum - p.counts[p.part%int64(len(p.counts))], p.peak
}
