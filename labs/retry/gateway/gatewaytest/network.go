// Package gatewaytest is a network in memory for tests of the gateway and of what
// calls it. Connections over it work in a bubble of testing/synctest, where those of
// the operating system do not.
package gatewaytest

import (
	"context"
	"fmt"
	"net"
	"sync"
	"syscall"
)

// Network is a network with one address. Make it inside the bubble.
type Network struct {
	conns chan net.Conn

	mu     sync.Mutex
	closed chan struct{} // of the present listener; nil: there is none
}

// New returns a network on which nothing listens yet.
func New() *Network { return &Network{conns: make(chan net.Conn)} }

// Listen returns the listener of the network. There is one at a time.
func (n *Network) Listen(context.Context) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed != nil {
		return nil, fmt.Errorf("listening: %w", syscall.EADDRINUSE)
	}
	n.closed = make(chan struct{})
	return &listener{network: n, closed: n.closed}, nil
}

// Dial connects to the listener, whatever the address.
func (n *Network) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	n.mu.Lock()
	closed := n.closed
	n.mu.Unlock()
	if closed == nil {
		return nil, fmt.Errorf("dialing: %w", syscall.ECONNREFUSED)
	}
	client, server := net.Pipe()
	select {
	case n.conns <- server:
		return client, nil
	case <-closed:
		return nil, fmt.Errorf("dialing: %w", syscall.ECONNREFUSED)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type listener struct {
	network *Network
	closed  chan struct{}
	once    sync.Once
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.network.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() {
		l.network.mu.Lock()
		defer l.network.mu.Unlock()
		close(l.closed)
		l.network.closed = nil
	})
	return nil
}

func (l *listener) Addr() net.Addr { return addr{} }

type addr struct{}

func (addr) Network() string { return "memory" }
func (addr) String() string  { return "127.0.0.1:80" }
