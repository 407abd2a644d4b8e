package cacheaside

import (
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"resilab/brokers/link"
)

// Words of the knob redis-fault.
const (
	faultNone = "none"
	faultDown = "down"
	faultSlow = "slow"
	faultCut  = "cut"
)

// slowness is what a slow Redis adds in each direction.
const slowness = 60 * time.Millisecond

// wire is how the lab reaches Redis: straight, or where a fault is wished for
// over a link that has it. Only connections to the link's target are led over it.
type wire struct {
	link   *link.Link
	target string

	mu       sync.Mutex
	fault    string
	straight map[net.Conn]struct{}
}

func newWire(ctx context.Context, target string) (*wire, error) {
	l, err := link.New(ctx, target)
	if err != nil {
		return nil, err
	}
	return &wire{link: l, target: target, fault: faultNone, straight: map[net.Conn]struct{}{}}, nil
}

func (w *wire) close() error { return w.link.Close() }

// dial opens a connection as go-redis asks for it.
func (w *wire) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	w.mu.Lock()
	faulty := w.fault != faultNone && addr == w.target
	w.mu.Unlock()
	if faulty {
		return w.link.DialContext(ctx, network, addr)
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.straight[conn] = struct{}{}
	return tracked{conn, w}, nil
}

// tracked is a straight connection that the wire can end.
type tracked struct {
	net.Conn
	w *wire
}

// SyscallConn lets go-redis see whether an idle connection is still open.
func (t tracked) SyscallConn() (syscall.RawConn, error) {
	conn, ok := t.Conn.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return conn.SyscallConn()
}

func (t tracked) Close() error {
	t.w.mu.Lock()
	delete(t.w.straight, t.Conn)
	t.w.mu.Unlock()
	return t.Conn.Close()
}

// set begins a fault, or ends it; connections are opened anew then.
func (w *wire) set(fault string) {
	w.mu.Lock()
	was := w.fault
	w.fault = fault
	var ending []net.Conn
	if was != fault {
		for conn := range w.straight {
			ending = append(ending, conn)
		}
		clear(w.straight)
	}
	w.mu.Unlock()
	if was == fault {
		return
	}
	w.link.Up()
	w.link.SetLatency(0, 0)
	switch fault {
	case faultDown:
		w.link.Down(link.Refuse)
	case faultCut:
		w.link.Down(link.BlackHole)
	case faultSlow:
		w.link.SetLatency(slowness, slowness/4)
	case faultNone:
		w.link.Cut()
	}
	for _, conn := range ending {
		conn.Close()
	}
}
