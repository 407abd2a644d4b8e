package app

import (
	"context"
	"sync"

	tea "github.com/charmbracelet/bubbletea"
)

// started is the message that a lab has started, or why it has not.
type started struct {
	lab int // index into Model.labs
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

// startLab is a command that starts lab i.
func (m *Model) startLab(i int) tea.Cmd {
	exp := m.labs[i].lab.exp
	return func() tea.Msg {
		if !m.starter.begin() {
			return nil
		}
		defer m.starter.end()
		return started{i, start(m.starter.ctx, exp)}
	}
}

// startNext starts the next lab that has not been started: the one that is shown
// first, then the others one by one.
func (m *Model) startNext() tea.Cmd {
	order := append([]int{m.active}, indexes(len(m.labs))...)
	for _, i := range order {
		if !m.begun[i] {
			m.begun[i] = true
			return m.startLab(i)
		}
	}
	return nil
}

func indexes(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// onStarted notes how a start went, and starts the next lab.
func (m *Model) onStarted(msg started) tea.Cmd {
	m.labs[msg.lab].lab.failed = msg.err
	m.labs[msg.lab].observe()
	m.host.changed()
	return m.startNext()
}
