package sshd

import (
	"bytes"
	"context"
	"io"
	"time"
)

const (
	// chunk is less than the buffer that Bubble Tea reads into: a full buffer
	// makes it keep everything it has read until a shorter one comes, which a
	// flooding client never sends.
	chunk = 128
	// bytePace is the time a byte takes: 500 a second, several times what a
	// held-down arrow key sends.
	bytePace = 2 * time.Millisecond
)

// keyboard is a visitor's input at the pace of a person. The marks of a
// bracketed paste are left out, because Bubble Tea keeps an unfinished paste
// in memory for as long as it lasts.
type keyboard struct {
	ctx  context.Context
	from io.Reader
	next time.Time // no byte is read earlier
}

func (k *keyboard) Read(p []byte) (int, error) {
	for {
		if err := k.wait(); err != nil {
			return 0, err
		}
		n, err := k.from.Read(p[:min(len(p), chunk)])
		k.next = time.Now().Add(time.Duration(n) * bytePace)
		kept := withoutPaste(p[:n])
		if len(kept) > 0 || err != nil {
			return len(kept), err
		}
	}
}

func (k *keyboard) wait() error {
	pause := time.Until(k.next)
	if pause <= 0 {
		return nil
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-k.ctx.Done():
		return io.EOF
	}
}

// withoutPaste removes the marks in place.
func withoutPaste(b []byte) []byte {
	for _, mark := range [][]byte{[]byte("\x1b[200~"), []byte("\x1b[201~")} {
		for {
			i := bytes.Index(b, mark)
			if i < 0 {
				break
			}
			b = append(b[:i], b[i+len(mark):]...)
		}
	}
	return b
}
