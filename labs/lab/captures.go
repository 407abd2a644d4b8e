package lab

import "sync"

// captures are the runs that a person keeps to compare.
type captures struct {
	keep sync.Mutex
	a, b *Run
}

// KeepA keeps a run as run A, such as one that was saved earlier.
func (c *captures) KeepA(run Run) Run {
	c.keep.Lock()
	defer c.keep.Unlock()
	c.a = &run
	return run
}

func (c *captures) keepB(run Run) Run {
	c.keep.Lock()
	defer c.keep.Unlock()
	c.b = &run
	return run
}

// Captured returns runs A and B; nil where none was captured.
func (c *captures) Captured() (a, b *Run) {
	c.keep.Lock()
	defer c.keep.Unlock()
	return c.a, c.b
}

// ClearCaptured removes runs A and B.
func (c *captures) ClearCaptured() {
	c.keep.Lock()
	defer c.keep.Unlock()
	c.a, c.b = nil, nil
}
