package cacheaside

import (
	"testing"
	"time"
)

// A machine keeps time if somebody who sleeps is woken when it is due.
const (
	nap      = 5 * time.Millisecond
	lateOnce = 40 * time.Millisecond // at most, after any nap
	lateMean = 2 * time.Millisecond  // at most, on average
)

// witnessed does something and tells whether the machine kept time meanwhile.
// The latencies that the exercises compare are tens of milliseconds and more.
func witnessed(do func()) (kept bool) {
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

func TestPunctuality(t *testing.T) {
	for _, c := range []struct {
		name string
		late []time.Duration
		kept bool
	}{
		{"never late", []time.Duration{0, 0, 0}, true},
		{"a little late", []time.Duration{time.Millisecond, 3 * time.Millisecond, 0}, true},
		{"held up once", []time.Duration{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 41 * time.Millisecond}, false},
		{"always late", []time.Duration{3 * time.Millisecond, 3 * time.Millisecond}, false},
	} {
		var p punctuality
		for _, late := range c.late {
			p.woken(late)
		}
		if p.kept() != c.kept {
			t.Errorf("%s: kept time is %v", c.name, p.kept())
		}
	}
}
