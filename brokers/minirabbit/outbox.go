package minirabbit

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"resilab/brokers/minirabbit/broker"
	"resilab/brokers/minirabbit/codec"
)

// An outbox collects the frames for one client. Anybody may add, nobody waits;
// one goroutine writes, and what comes while it writes goes out together with
// the next call. While nothing waits an outbox holds no buffer.
type outbox struct {
	conn  net.Conn
	wake  chan struct{} // somebody added
	drain func()        // consumers may go on that found the outbox congested

	flooded atomic.Bool // more than flood waits

	mu       sync.Mutex
	buf      *[]byte // nil while nothing waits
	frameMax int
	closed   bool          // nothing more may be added
	starved  bool          // congested said yes
	ebbed    chan struct{} // closed once a flood is written; nil while nobody waits for that
	methods  codec.MethodWriter
	deliver  codec.BasicDeliver // reused: one less allocation for each message
}

const (
	// congestion is how many bytes may wait before consumers get no more.
	congestion = 256 << 10
	// flood is how many bytes may wait before the client is not listened to: it
	// asks for much and reads nothing.
	flood = 8 << 20
	// keepBuffer is the largest buffer that is used again.
	keepBuffer = 2 * congestion
)

// buffers are shared by all outboxes.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}

func newOutbox(conn net.Conn, frameMax int, drain func()) *outbox {
	return &outbox{conn: conn, wake: make(chan struct{}, 1), frameMax: frameMax, drain: drain}
}

// add lets write append frames.
func (o *outbox) add(write func(buf []byte) []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed {
		b := o.buffer()
		*b = write(*b)
		o.measure()
	}
}

// measure notes whether too much waits.
func (o *outbox) measure() {
	if len(*o.buf) > flood {
		o.flooded.Store(true)
	}
}

// buffer returns the buffer to append to and makes sure it will be written.
func (o *outbox) buffer() *[]byte {
	if o.buf == nil {
		o.buf = buffers.Get().(*[]byte)
		select {
		case o.wake <- struct{}{}:
		default:
		}
	}
	return o.buf
}

// method adds a method frame.
func (o *outbox) method(channel uint16, m codec.Method) {
	o.add(func(buf []byte) []byte { return o.methods.Append(buf, channel, m) })
}

// content adds a method frame and the message that belongs to it.
func (o *outbox) content(channel uint16, m codec.Method, msg *broker.Message) {
	o.add(func(buf []byte) []byte {
		buf = o.methods.Append(buf, channel, m)
		return codec.AppendContent(buf, channel, msg.Props, msg.Body, o.frameMax)
	})
}

// delivery is content for basic.deliver.
func (o *outbox) delivery(channel uint16, tag string, number uint64, redelivered bool, msg *broker.Message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	o.deliver = codec.BasicDeliver{
		ConsumerTag: tag, DeliveryTag: number, Redelivered: redelivered,
		Exchange: msg.Exchange, RoutingKey: msg.RoutingKey,
	}
	b := o.buffer()
	*b = o.methods.Append(*b, channel, &o.deliver)
	*b = codec.AppendContent(*b, channel, msg.Props, msg.Body, o.frameMax)
	o.measure()
}

// congested says whether too much waits; if so drain is called later.
func (o *outbox) congested() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	full := o.buf != nil && len(*o.buf) > congestion && !o.closed
	o.starved = o.starved || full
	return full
}

// room returns a channel that is closed once a flood is written, or nil when
// there is none.
func (o *outbox) room() <-chan struct{} {
	if !o.flooded.Load() {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || !o.flooded.Load() {
		return nil
	}
	if o.ebbed == nil {
		o.ebbed = make(chan struct{})
	}
	return o.ebbed
}

// ebb lets everybody go on who waits for room. The lock is held.
func (o *outbox) ebb() {
	o.flooded.Store(false)
	if o.ebbed != nil {
		close(o.ebbed)
		o.ebbed = nil
	}
}

// seal ignores frames that are added from now on; those that wait are written.
func (o *outbox) seal() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
}

// setFrameMax applies what was negotiated.
func (o *outbox) setFrameMax(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.frameMax = n
}

// run writes until stop is closed, then what is left, and closes the
// connection. A connection that cannot be written to is closed at once, which
// ends its reader too. Once the client has agreed to heartbeats, a ticker arrives
// on beats. At each tick a heartbeat is sent unless something else was sent since
// the tick before.
func (o *outbox) run(stop <-chan struct{}, beats <-chan *time.Ticker) {
	defer o.close()
	var tick <-chan time.Time
	idle := false
	for {
		select {
		case <-stop:
			_ = o.flush() // the connection ends anyway
			return
		case t := <-beats:
			defer t.Stop()
			tick = t.C
			continue
		case <-tick:
			if idle {
				o.add(codec.AppendHeartbeat)
				o.clearWake() // a heartbeat does not count as activity
			}
			idle = true
		case <-o.wake:
			idle = false
		}
		if err := o.flush(); err != nil {
			return
		}
	}
}

// clearWake takes back the signal that something was added.
func (o *outbox) clearWake() {
	select {
	case <-o.wake:
	default:
	}
}

// flush writes until nothing waits.
func (o *outbox) flush() error {
	for {
		o.mu.Lock()
		b, starved := o.buf, o.starved
		o.buf, o.starved = nil, false
		if b == nil {
			o.ebb()
		}
		o.mu.Unlock()
		if b == nil {
			return nil
		}
		_, err := o.conn.Write(*b)
		if cap(*b) <= keepBuffer {
			*b = (*b)[:0]
			buffers.Put(b)
		}
		if starved {
			o.drain()
		}
		if err != nil {
			return err
		}
	}
}

func (o *outbox) close() {
	o.conn.Close()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.buf = nil
	o.ebb()
}
