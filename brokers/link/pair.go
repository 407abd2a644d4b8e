package link

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
	// chunkSize is the most that is carried as one, in bytes.
	chunkSize = 32 << 10
	// chunksUnderWay bounds what one direction of a connection holds. A sender
	// that is faster than the link is held back by TCP.
	chunksUnderWay = 128
)

// pair is a client's connection and the one to the target that continues it.
type pair struct {
	link   *Link
	client *net.TCPConn
	ctx    context.Context // ends with the pair
	end    context.CancelFunc
	missed bool // something was swallowed; guarded by the link's lock

	mu     sync.Mutex
	server *net.TCPConn // nil before it is dialled
}

func newPair(l *Link, client *net.TCPConn) *pair {
	p := &pair{link: l, client: client}
	p.ctx, p.end = context.WithCancel(l.ctx)
	return p
}

// reset ends the pair; both ends see an error and not an orderly end, unless that
// came first.
func (p *pair) reset() { p.close(reset) }

func (p *pair) close(how func(*net.TCPConn)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
	how(p.client)
	if p.server != nil {
		how(p.server)
	}
}

func reset(c *net.TCPConn) {
	_ = c.SetLinger(0) // drops what is not yet sent
	_ = c.Close()
}

// carry moves bytes both ways until the connection ends.
func (p *pair) carry(there, back *rand.Rand) {
	if err := p.dial(); err != nil {
		p.reset()
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() { p.pump(p.client, p.server, there) })
	wg.Go(func() { p.pump(p.server, p.client, back) })
	wg.Wait()
	p.close(func(c *net.TCPConn) { _ = c.Close() })
}

// dial connects to the target. Into a black hole it does so for ever.
func (p *pair) dial() error {
	if p.link.swallows(p) {
		<-p.ctx.Done()
		return p.ctx.Err()
	}
	server, err := new(net.Dialer).DialContext(p.ctx, "tcp", p.link.target)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.server = server.(*net.TCPConn)
	if p.ctx.Err() != nil {
		reset(p.server)
	}
	return p.ctx.Err()
}

// chunk is some bytes under way, or the end of them, with the time of arrival.
type chunk struct {
	bytes []byte
	end   bool
	due   time.Time
}

// pump carries one direction until its end has arrived or the pair ends.
func (p *pair) pump(from, to *net.TCPConn, rng *rand.Rand) {
	under := make(chan chunk, chunksUnderWay)
	var wg sync.WaitGroup
	wg.Go(func() { p.deliver(to, under) })
	p.collect(from, under, pacer{rng: rng})
	close(under)
	wg.Wait()
}

// collect reads what there is to carry. An error is no end: it resets the pair.
func (p *pair) collect(from *net.TCPConn, under chan<- chunk, pace pacer) {
	buf := make([]byte, chunkSize)
	for {
		n, err := from.Read(buf)
		if n > 0 && !p.post(under, chunk{bytes: bytes.Clone(buf[:n])}, &pace) {
			return
		}
		if errors.Is(err, io.EOF) {
			p.post(under, chunk{end: true}, &pace)
			return
		}
		if err != nil {
			if p.link.swallows(p) {
				<-p.ctx.Done() // the other end does not learn of it
			}
			p.reset()
			return
		}
	}
}

// post puts a chunk under way, unless it gets lost. It reports false when the pair
// has ended.
func (p *pair) post(under chan<- chunk, c chunk, pace *pacer) bool {
	if p.link.swallows(p) {
		return p.ctx.Err() == nil
	}
	c.due = pace.due(time.Now(), len(c.bytes), p.link.now())
	select {
	case under <- c:
		return true
	case <-p.ctx.Done():
		return false
	}
}

// deliver writes each chunk when it is due.
func (p *pair) deliver(to *net.TCPConn, under <-chan chunk) {
	for c := range under {
		if !p.wait(time.Until(c.due)) || p.link.swallows(p) {
			continue
		}
		if c.end {
			_ = to.CloseWrite()
			continue
		}
		if _, err := to.Write(c.bytes); err != nil {
			p.reset()
		}
	}
}

// wait sleeps, and reports false when the pair has ended.
func (p *pair) wait(d time.Duration) bool {
	if d <= 0 {
		return p.ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.ctx.Done():
		return false
	}
}
