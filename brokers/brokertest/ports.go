package brokertest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports come in blocks on a fixed grid, below the range from which systems take
// the local ports of outgoing connections. The first port of a block is its
// guard: the process that listens there owns the block, on the whole machine, and
// gives it up when it ends.
const (
	gridFirst  = 20000
	gridBlocks = 750
	blockSize  = 16
)

// MaxPorts is how many ports one reservation can hold.
const MaxPorts = blockSize - 1

// Ports is a range of consecutive free ports on 127.0.0.1. No other Ports holds
// any of them until Release.
type Ports struct {
	first int
	guard net.Listener
}

// ReservePorts finds n free ports, at most MaxPorts.
func ReservePorts(n int) (*Ports, error) {
	if n < 1 || n > MaxPorts {
		return nil, fmt.Errorf("reserve %d ports: want 1 to %d", n, MaxPorts)
	}
	start := rand.IntN(gridBlocks)
	for i := range gridBlocks {
		base := gridFirst + (start+i)%gridBlocks*blockSize
		guard, err := listen(base)
		if err != nil {
			continue
		}
		if allFree(base+1, n) {
			return &Ports{first: base + 1, guard: guard}, nil
		}
		guard.Close()
	}
	return nil, fmt.Errorf("reserve %d ports: %w", n, errors.New("no free block of ports"))
}

// First returns the first port of the range.
func (p *Ports) First() int { return p.first }

// Release gives the ports back.
func (p *Ports) Release() { p.guard.Close() }

func allFree(first, n int) bool {
	for port := first; port < first+n; port++ {
		l, err := listen(port)
		if err != nil {
			return false
		}
		l.Close()
	}
	return true
}

func listen(port int) (net.Listener, error) {
	return net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
}
