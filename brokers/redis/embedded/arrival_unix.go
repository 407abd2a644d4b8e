//go:build unix

package embedded

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// countedReader reads from a connection and counts its bytes. Reading and counting
// are one step for those who ask how many have arrived.
type countedReader struct {
	raw  syscall.RawConn
	mu   sync.Mutex
	read int64
}

// peekMost bounds how many bytes that are not read are counted.
const peekMost = 1024

// countArrivals returns what reads from a connection, and how many bytes have
// arrived on it.
func countArrivals(conn net.Conn) (io.Reader, func() int64) {
	tcp, ok := conn.(syscall.Conn)
	if !ok {
		return conn, func() int64 { return 0 }
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return conn, func() int64 { return 0 }
	}
	r := &countedReader{raw: raw}
	return r, r.arrived
}

// Read implements io.Reader.
func (r *countedReader) Read(p []byte) (n int, err error) {
	failed := r.raw.Read(func(fd uintptr) bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		for {
			if n, err = unix.Read(int(fd), p); err != unix.EINTR {
				break
			}
		}
		r.read += int64(max(n, 0))
		return err != unix.EAGAIN
	})
	switch {
	case failed != nil:
		return 0, failed
	case err != nil:
		return 0, os.NewSyscallError("read", err)
	case n == 0 && len(p) > 0:
		return 0, io.EOF
	}
	return n, nil
}

func (r *countedReader) arrived() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	waiting := 0
	_ = r.raw.Control(func(fd uintptr) {
		waiting, _, _ = unix.Recvfrom(int(fd), make([]byte, peekMost), unix.MSG_PEEK|unix.MSG_DONTWAIT)
	})
	return r.read + int64(max(waiting, 0))
}
