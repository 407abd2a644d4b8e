package sshd

import (
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
