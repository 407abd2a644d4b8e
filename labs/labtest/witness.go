package labtest

import "time"

// A machine keeps time if a goroutine that sleeps wakes up when its time is over.
const (
	nap      = 5 * time.Millisecond
	lateOnce = 40 * time.Millisecond // at most, after any nap
	lateMean = 2 * time.Millisecond  // at most, on average
)

// KeptTime calls do and reports whether the machine kept time meanwhile. Figures
// that depend on when things happen are ignored where it did not: the latencies
// that experiments compare are tens of milliseconds and more.
func KeptTime(do func()) (kept bool) {
	done := make(chan struct{})
	lateness := make(chan punctuality)
	go func() {
		var p punctuality
		for {
			select {
			case <-done:
				lateness <- p
				return
			default:
				due := time.Now().Add(nap)
				time.Sleep(nap)
				p.woken(time.Since(due))
			}
		}
	}()
	do()
	close(done)
	return (<-lateness).kept()
}

// punctuality is how late the goroutine woke up.
type punctuality struct {
	naps       int
	sum, worst time.Duration
}

func (p *punctuality) woken(late time.Duration) {
	p.naps++
	p.sum += late
	p.worst = max(p.worst, late)
}

func (p punctuality) kept() bool {
	return p.worst <= lateOnce && p.sum <= time.Duration(p.naps)*lateMean
}
