package kit

import "sync"

// maxSteps is how many steps may wait to be taken.
const maxSteps = 16

// Valve lets work arrive or holds it back. All methods are safe for concurrent
// use.
type Valve struct {
	mu     sync.Mutex
	closed bool
	turned chan struct{} // closed at the next turn
	steps  chan struct{} // one token for each arrival let through while closed
}

// NewValve returns an open valve.
func NewValve() *Valve {
	return &Valve{turned: make(chan struct{}), steps: make(chan struct{}, maxSteps)}
}

// Close holds work back. Open lets it arrive again. Both do nothing where the
// valve stands so already.
func (v *Valve) Close() { v.turn(true) }

// Open lets work arrive.
func (v *Valve) Open() { v.turn(false) }

func (v *Valve) turn(closed bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed == closed {
		return
	}
	v.closed = closed
	v.dropSteps()
	close(v.turned)
	v.turned = make(chan struct{})
}

// dropSteps removes the steps that were not taken while the valve was closed.
func (v *Valve) dropSteps() {
	for {
		select {
		case <-v.steps:
		default:
			return
		}
	}
}

// Step lets exactly one arrival through a closed valve. It does nothing while the
// valve is open, or while 16 steps wait already.
func (v *Valve) Step() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.closed {
		return
	}
	select {
	case v.steps <- struct{}{}:
	default:
	}
}

// Steps returns the channel of steps, for work that does not use Arrive.
func (v *Valve) Steps() <-chan struct{} { return v.steps }

// State reports whether the valve is open, and returns a channel that is closed
// when that changes.
func (v *Valve) State() (open bool, turned <-chan struct{}) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return !v.closed, v.turned
}
