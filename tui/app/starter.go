package app

import (
	"context"
	"sync"
)

// started is the message that a lab has started, or why it has not.
type started struct {
	lab int // index into tabs.labs
	err error
}

// starter runs the commands that start labs, so that Close can wait for them:
// Bubble Tea does not wait for commands when a program ends.
type starter struct {
	ctx    context.Context // ends when the program does; labs start under it
	cancel context.CancelFunc

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

func newStarter() *starter {
	s := &starter{}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// begin reports whether a start may begin. The caller must call end then.
func (s *starter) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.running.Add(1)
	return true
}

func (s *starter) end() { s.running.Done() }

// close cancels the starts under way, waits for them and allows no more.
func (s *starter) close() {
	s.cancel()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.running.Wait()
}

func indexes(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
