package amqptest

import (
	"errors"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// closingTests cover connections that the client closes.
func closingTests() []test {
	return []test{
		{"close while publishing", testCloseWhilePublishing},
		{"the client closes the TCP connection", testClientClosesTCP},
		{"frames after the close are discarded", testFramesAfterClose},
	}
}

// testCloseWhilePublishing closes connections on which a goroutine publishes. The
// client must read its close-ok each time.
func testCloseWhilePublishing(t *testing.T, b broker) {
	const closers, each = 4, 125
	var wg sync.WaitGroup
	for range closers {
		wg.Go(func() {
			for range each {
				if err := b.closeWhilePublishing(t); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// closeWhilePublishing returns the errors that Close and NotifyClose report.
func (b broker) closeWhilePublishing(t *testing.T) error {
	conn, err := amqp.DialConfig(b.URL, amqp.Config{Dial: smallBuffer(b.dialTCP(t))})
	if err != nil {
		return err
	}
	closed := conn.NotifyClose(make(chan *amqp.Error, 1))
	ch, err := conn.Channel()
	if err != nil {
		return err
	}
	publishing := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		msg := amqp.Publishing{Body: make([]byte, 1000)}
		for n := 0; ch.Publish("", "nowhere", false, false, msg) == nil; n++ {
			if n == 0 {
				close(publishing)
			}
		}
	})
	<-publishing
	err = conn.Close()
	wg.Wait()
	if reason := <-closed; reason != nil {
		err = errors.Join(err, reason)
	}
	return err
}

// smallBuffer limits what a connection buffers, so that a close does not wait for
// megabytes of earlier publishes.
func smallBuffer(dial func(network, addr string) (net.Conn, error)) func(network, addr string) (net.Conn, error) {
	return func(network, addr string) (net.Conn, error) {
		c, err := dial(network, addr)
		if err == nil {
			err = c.(*net.TCPConn).SetWriteBuffer(4096)
		}
		return c, err
	}
}

// testClientClosesTCP: after its close-ok the broker leaves the connection open.
func testClientClosesTCP(t *testing.T, b broker) {
	r := b.raw(t)
	r.close()
	r.want(0, connectionCloseOk)
	_ = r.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if f, err := readFrame(r.r); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after the close-ok: %v, %v, want an open connection", f, err)
	}
}

// testFramesAfterClose: publishes that were under way may follow the close, more
// than fits into the buffers of the connection.
func testFramesAfterClose(t *testing.T, b broker) {
	r := b.raw(t)
	r.close()
	body := make([]byte, 4000)
	for range 2000 {
		r.publish(1)
		r.header(1, uint64(len(body)))
		r.frame(frameBody, 1, body)
	}
	r.want(0, connectionCloseOk)
	if err := r.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Error(err)
	}
	r.wantEnd()
}

// close sends connection.close.
func (r *raw) close() {
	r.t.Helper()
	r.method(0, connectionClose, short(200), shortstr("bye"), short(0), short(0))
}
