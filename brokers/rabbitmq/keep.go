package rabbitmq

import (
	"context"
	"time"

	"github.com/jpillora/backoff"
)

const (
	retryMin = 100 * time.Millisecond
	retryMax = 2 * time.Second
	// steady is how long work must have lasted for the waits to start from retryMin
	// again.
	steady = time.Second
)

// Keep works on connections, one after another, until ctx ends: it dials, hands
// the connection to work, and when work returns waits a little longer each time
// and dials again. The context of work ends with the connection. down is called
// with each reason for a new attempt: a failed dial, work's error, or that the
// connection was lost. After any of them it begins with the next server of the URL:
// one that takes connections may still be cut off from the others. Keep closes the
// connections.
func Keep(ctx context.Context, o Options, work func(context.Context, *Conn) error, down func(error)) {
	wait := backoff.Backoff{Min: retryMin, Max: retryMax, Factor: 2, Jitter: true}
	servers := NewDialer(o)
	for ctx.Err() == nil {
		began := time.Now()
		err := once(ctx, servers, work)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			servers.Skip()
			down(err)
		}
		if time.Since(began) > steady {
			wait.Reset()
		}
		sleep(ctx, wait.Duration())
	}
}

func once(ctx context.Context, servers *Dialer, work func(context.Context, *Conn) error) error {
	c, err := servers.Dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-c.Done():
			cancel()
		case <-stop:
		}
	}()
	err = work(ctx, c)
	close(stop)
	<-watched
	if lost := c.Err(); lost != nil {
		return lost
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
