package sshd

import (
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// A novel is read at once, and a flood at a bounded rate, nothing of it lost.
func TestFloodsAreReadSlowly(t *testing.T) {
	for size, want := range map[int64]time.Duration{
		inputBurst:                      0,
		inputBurst + 10*inputPerSecond:  10 * time.Second,
		inputBurst + 100*inputPerSecond: 100 * time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			client, server := net.Pipe()
			go func() {
				_, _ = client.Write(make([]byte, size))
				_ = client.Close()
			}()
			began := time.Now()
			n, err := io.Copy(io.Discard, newBrake(t.Context(), server))
			if took := time.Since(began).Round(time.Second); n != size || err != nil || took != want {
				t.Errorf("%d of %d bytes in %s, want %s: %v", n, size, took, want, err)
			}
		})
	}
}

// A server that stops says so: what a client sends meanwhile does not end the
// connection.
func TestAStoppingServerReadsOn(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	client, server := net.Pipe()
	go func() {
		_, _ = client.Write([]byte("x"))
		_ = client.Close()
	}()
	if n, err := newBrake(ctx, server).Read(make([]byte, 9)); n != 1 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
}
