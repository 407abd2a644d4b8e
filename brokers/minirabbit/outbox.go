package minirabbit

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"resilab/brokers/minirabbit/broker"
	"resilab/brokers/minirabbit/codec"
)

// An outbox collects the frames for one client. Any goroutine may add frames without
// waiting; one goroutine writes. Frames that are added while it writes go out with
// the next write. An empty outbox holds no buffer.
type outbox struct {
	conn  net.Conn
	wake  chan struct{} // signals that frames were added
	drain func()        // called when the outbox is no longer congested

	flooded atomic.Bool // more than floodSize bytes wait

	mu       sync.Mutex
	buf      *[]byte // nil while no frame waits
	frameMax int
	closed   bool          // nothing more may be added
	starved  bool          // congested returned true
	written  chan struct{} // closed once a flood is written; nil unless a reader waits for it
	methods  codec.MethodWriter
	deliver  codec.BasicDeliver // reused: one less allocation for each message
}

const (
	// congestionSize is the number of waiting bytes above which consumers receive
	// no more.
	congestionSize = 256 << 10
	// floodSize is the number of waiting bytes above which the session stops
	// reading: the client requests much and reads nothing.
	floodSize = 8 << 20
	// keptBuffer is the largest buffer that is used again.
	keptBuffer = 2 * congestionSize
)

// buffers are shared by all outboxes.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}

func newOutbox(conn net.Conn, frameMax int, drain func()) *outbox {
	return &outbox{conn: conn, wake: make(chan struct{}, 1), frameMax: frameMax, drain: drain}
}

// add calls write to append frames.
func (o *outbox) add(write func(buf []byte) []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed {
		b := o.buffer()
		*b = write(*b)
		o.measure()
	}
}

// measure checks whether a flood waits.
func (o *outbox) measure() {
	if len(*o.buf) > floodSize {
		o.flooded.Store(true)
	}
}

// buffer returns the buffer to append to and wakes the writer.
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

// content adds a method frame and its message.
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

// congested reports whether too many bytes wait. If so, drain is called later.
func (o *outbox) congested() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	full := o.buf != nil && len(*o.buf) > congestionSize && !o.closed
	o.starved = o.starved || full
	return full
}

// room returns a channel that is closed once a flood is written, or nil if there is
// none.
func (o *outbox) room() <-chan struct{} {
	if !o.flooded.Load() {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || !o.flooded.Load() {
		return nil
	}
	if o.written == nil {
		o.written = make(chan struct{})
	}
	return o.written
}

// signalRoom lets readers that wait for room go on. o.mu is held.
func (o *outbox) signalRoom() {
	o.flooded.Store(false)
	if o.written != nil {
		close(o.written)
		o.written = nil
	}
}

// seal ignores frames that are added from now on. Waiting frames are still written.
func (o *outbox) seal() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
}

// setFrameMax sets the negotiated frame size.
func (o *outbox) setFrameMax(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.frameMax = n
}

// setEdition sets the edition of the protocol that the client speaks.
func (o *outbox) setEdition(e codec.Edition) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.methods.Edition = e
}

// run writes until stop is closed, writes the waiting frames and closes the
// connection. If a write fails, it closes the connection at once, which also ends
// the reader. Once the client has agreed to heartbeats, a ticker arrives on
// heartbeats. At each tick a heartbeat is sent unless another frame was sent since
// the previous tick.
func (o *outbox) run(stop <-chan struct{}, heartbeats <-chan *time.Ticker) {
	defer o.close()
	var tick <-chan time.Time
	idle := false
	for {
		select {
		case <-stop:
			_ = o.flush() // the connection ends anyway
			return
		case t := <-heartbeats:
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

// clearWake takes back the signal that frames were added.
func (o *outbox) clearWake() {
	select {
	case <-o.wake:
	default:
	}
}

// flush writes until no frame waits.
func (o *outbox) flush() error {
	for {
		o.mu.Lock()
		b, starved := o.buf, o.starved
		o.buf, o.starved = nil, false
		if b == nil {
			o.signalRoom()
		}
		o.mu.Unlock()
		if b == nil {
			return nil
		}
		_, err := o.conn.Write(*b)
		if cap(*b) <= keptBuffer {
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
	o.signalRoom()
}
