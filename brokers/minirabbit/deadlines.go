package minirabbit

import (
	"net"
	"sync"
	"time"
)

// deadlines set until when a session reads from its client.
type deadlines struct {
	conn    net.Conn
	silence time.Duration // how long the client may send nothing; 0 is unlimited
	renewed time.Time     // when renew set the deadline

	mu      sync.Mutex    // guards the deadline of conn
	closing chan struct{} // closed when connection.close is sent
}

// renew gives the client the time of its heartbeats to send the next frame. While
// the session does not read, because the client is held back from publishing, the
// deadline is not renewed and not checked.
func (d *deadlines) renew() {
	if d.silence == 0 {
		return
	}
	// Setting the deadline at every read would cost too much.
	if now := time.Now(); now.Sub(d.renewed) > d.silence/8 {
		d.renewed = now
		d.set(now.Add(d.silence))
	}
}

// set sets the deadline; the zero time is none. Once the session is closing, set
// does nothing.
func (d *deadlines) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.isClosing() {
		_ = d.conn.SetReadDeadline(t) // the next read fails on a closed connection
	}
}

// close sets the last deadline, for the client's answer to the close that send
// sends. Calling close again does nothing.
func (d *deadlines) close(limit time.Duration, send func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.isClosing() {
		return
	}
	send()
	_ = d.conn.SetReadDeadline(time.Now().Add(limit))
	close(d.closing)
}

func (d *deadlines) isClosing() bool {
	select {
	case <-d.closing:
		return true
	default:
		return false
	}
}
