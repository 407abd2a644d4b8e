package faultproxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

const (
	// chunkSize is the largest number of bytes that are delayed together.
	chunkSize = 32 << 10
	// maxChunks bounds what one direction of a connection buffers. TCP holds
	// back a sender that is faster.
	maxChunks = 128
)

// relay forwards one client's connection over a second one to the target.
type relay struct {
	proxy     *Proxy
	client    *net.TCPConn
	ctx       context.Context // ends with the relay
	cancel    context.CancelFunc
	lostBytes bool // guarded by proxy.mu

	mu     sync.Mutex
	server *net.TCPConn // nil before it is dialled
}

func newRelay(p *Proxy, client *net.TCPConn) *relay {
	r := &relay{proxy: p, client: client}
	r.ctx, r.cancel = context.WithCancel(p.ctx)
	return r
}

// reset ends the relay. Both ends read an error instead of an end of file,
// unless the end of file came first.
func (r *relay) reset() { r.close(reset) }

func (r *relay) close(how func(*net.TCPConn)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cancel()
	how(r.client)
	if r.server != nil {
		how(r.server)
	}
}

func reset(c *net.TCPConn) {
	_ = c.SetLinger(0) // discards unsent bytes and sends RST
	_ = c.Close()
}

// run forwards bytes both ways until the connection ends.
func (r *relay) run(toServer, toClient *rand.Rand) {
	if err := r.dial(); err != nil {
		r.reset()
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() { r.forward(r.client, r.server, toServer) })
	wg.Go(func() { r.forward(r.server, r.client, toClient) })
	wg.Wait()
	r.close(func(c *net.TCPConn) { _ = c.Close() })
}

// dial connects to the target. During a black hole it waits until the relay ends.
func (r *relay) dial() error {
	if r.proxy.discards(r) {
		<-r.ctx.Done()
		return r.ctx.Err()
	}
	server, err := new(net.Dialer).DialContext(r.ctx, "tcp", r.proxy.target)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.server = server.(*net.TCPConn)
	if r.ctx.Err() != nil {
		reset(r.server)
	}
	return r.ctx.Err()
}

// chunk is a piece of one direction, or its end, with the time of its delivery.
type chunk struct {
	bytes []byte
	eof   bool
	due   time.Time
}

// forward copies one direction until its end of file is delivered or the relay
// ends.
func (r *relay) forward(from, to *net.TCPConn, rng *rand.Rand) {
	chunks := make(chan chunk, maxChunks)
	var wg sync.WaitGroup
	wg.Go(func() { r.deliver(to, chunks) })
	r.collect(from, chunks, pacer{rng: rng})
	close(chunks)
	wg.Wait()
}

// collect reads chunks from a connection. A read error resets the relay.
func (r *relay) collect(from *net.TCPConn, chunks chan<- chunk, pace pacer) {
	buf := make([]byte, chunkSize)
	for {
		n, err := from.Read(buf)
		if n > 0 && !r.enqueue(chunks, chunk{bytes: bytes.Clone(buf[:n])}, &pace) {
			return
		}
		if errors.Is(err, io.EOF) {
			r.enqueue(chunks, chunk{eof: true}, &pace)
			return
		}
		if err != nil {
			if r.proxy.discards(r) {
				<-r.ctx.Done() // the other end must not see the error
			}
			r.reset()
			return
		}
	}
}

// enqueue schedules a chunk unless it is discarded. It reports whether the relay
// still runs.
func (r *relay) enqueue(chunks chan<- chunk, c chunk, pace *pacer) bool {
	if r.proxy.discards(r) {
		return r.ctx.Err() == nil
	}
	c.due = pace.due(time.Now(), r.proxy.currentDelay())
	select {
	case chunks <- c:
		return true
	case <-r.ctx.Done():
		return false
	}
}

// deliver writes each chunk when it is due.
func (r *relay) deliver(to *net.TCPConn, chunks <-chan chunk) {
	for c := range chunks {
		if !r.sleep(time.Until(c.due)) || r.proxy.discards(r) {
			continue
		}
		if c.eof {
			_ = to.CloseWrite()
			continue
		}
		if _, err := to.Write(c.bytes); err != nil {
			r.reset()
		}
	}
}

// sleep waits for d and reports whether the relay still runs.
func (r *relay) sleep(d time.Duration) bool {
	if d <= 0 {
		return r.ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.ctx.Done():
		return false
	}
}
