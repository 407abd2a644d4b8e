package embedded

import (
	"io"
	"math"
	"runtime"
	"sync/atomic"
	"time"
)

// Redis reads its connections in the order in which their commands arrive. Here
// each connection has its own goroutine, and Go's scheduler often runs the one whose
// bytes came last first. Clients depend on the order at PUBLISH: libraries send
// SUBSCRIBE and do not wait for the reply. So PUBLISH lets the commands run that
// have arrived on other connections.

// arrival counts the bytes of a connection that have arrived and that commands have
// taken.
type arrival struct {
	source     io.Reader
	arrived    func() int64 // bytes, read or not
	read       int64        // bytes; only for the goroutine that reads
	done       atomic.Int64 // bytes of the commands that have run
	publishing atomic.Bool  // waits for others, which do not wait for it
}

// Read implements io.Reader.
func (a *arrival) Read(p []byte) (int, error) {
	n, err := a.source.Read(p)
	a.read += int64(n)
	return n, err
}

// end is called when no more commands of the connection run.
func (a *arrival) end() { a.done.Store(math.MaxInt64) }

// How long PUBLISH waits for others, of which one may have sent half a command. It
// first yields, then naps. The naps are counted, not the time: they take as much
// longer as the processor is busy, which the others wait for too.
const (
	publishYields   = 100
	publishNaps     = 100
	publishNap      = time.Millisecond
	publishPatience = publishNaps * publishNap
)

// letEarlierRun returns when the commands have run that had arrived on other
// connections.
func (c *session) letEarlierRun() {
	c.arrival.publishing.Store(true)
	defer c.arrival.publishing.Store(false)
	waits := 0
	for _, d := range c.server.debts() {
		for d.done.Load() < d.until && !d.publishing.Load() && waits < publishYields+publishNaps {
			if waits++; waits <= publishYields {
				runtime.Gosched()
			} else {
				time.Sleep(publishNap)
			}
		}
	}
}

// debt is what a connection has to do before a message is published.
type debt struct {
	*arrival
	until int64 // bytes
}

// debts returns the connections with commands that have not run.
func (s *Server) debts() (all []debt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.sessions {
		if c.publishing.Load() {
			continue
		}
		if until := c.arrived(); c.done.Load() < until {
			all = append(all, debt{&c.arrival, until})
		}
	}
	return all
}
