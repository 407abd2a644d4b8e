package sshd

import (
	"context"
	"net"
	"time"

	"golang.org/x/time/rate"
)

// What is read from one connection, in bytes: a pasted novel at once, and more than
// anybody types or pastes afterwards.
const (
	inputBurst     = 1 << 20
	inputPerSecond = 128 << 10
)

// brake is a connection that is read at a bounded rate. A client that sends without
// end, whatever it sends, waits for room in the network's buffers: it takes its own
// time instead of the server's.
type brake struct {
	net.Conn
	ctx   context.Context // of the server
	limit *rate.Limiter
}

func newBrake(ctx context.Context, nc net.Conn) *brake {
	return &brake{nc, ctx, rate.NewLimiter(inputPerSecond, inputBurst)}
}

// Read implements net.Conn. It reads no more at a time than the limit allows in a
// quarter of a second, which is how long it may go on after the connection was closed.
func (b *brake) Read(p []byte) (int, error) {
	n, err := b.Conn.Read(p[:min(len(p), inputPerSecond/4)])
	if err != nil {
		return n, err
	}
	wait := b.limit.ReserveN(time.Now(), n).Delay()
	if wait == 0 {
		return n, nil
	}
	pause := time.NewTimer(wait)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-b.ctx.Done(): // what is read on says how the connection ends
	}
	return n, nil
}
