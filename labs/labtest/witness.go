package labtest

import "time"

// A machine keeps time if somebody who sleeps is woken when it is due.
const (
	nap      = 5 * time.Millisecond
	lateOnce = 40 * time.Millisecond // at most, after any nap
	lateMean = 2 * time.Millisecond  // at most, on average
)

// KeptTime does something and tells whether the machine kept time meanwhile.
// Where it did not, figures that depend on when things happen condemn nobody:
// the latencies that experiments compare are tens of milliseconds and more.
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

// punctuality is how late the sleeper was woken.
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
