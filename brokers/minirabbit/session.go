package minirabbit

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"resilab/brokers/minirabbit/broker"
	"resilab/brokers/minirabbit/codec"
)

// A session is one client's connection. One goroutine reads frames and carries
// them out; the outbox's goroutine writes. Messages for this client's consumers
// come from whichever goroutine makes them available, straight into the outbox.
type session struct {
	server   *Server
	conn     net.Conn
	in       *codec.Reader
	out      *outbox
	notices  notices
	methods  codec.MethodReader
	broker   *broker.Connection // nil before connection.open
	maxChans int
	silence  time.Duration // how long the client may say nothing; 0 is for ever
	heard    time.Time     // when that was last counted anew

	mu         sync.Mutex // guards what other goroutines look at
	clientName string
	knowsGone  bool // the client understands a basic.cancel
	channels   map[uint16]*channel

	confirming []*channel      // have confirms to send
	burst      int             // messages published since the last pause
	behind     <-chan struct{} // closed once the consumers of the last have caught up; nil if they had
	publishes  atomic.Bool     // it has published at least once
	beats      chan *time.Ticker
	parting    chan struct{} // closed once connection.close was sent: only its answer counts
	partOnce   sync.Once
	stop       chan struct{} // closed to end the session
	stopOnce   sync.Once
}

const (
	// patience is how long a client may take to log in, and to answer when it
	// is told that it made a mistake.
	patience = 10 * time.Second
	// farewell is how long a client that is sent away may take to answer, and
	// the last frames may take to be written.
	farewell = time.Second
)

var (
	// errGone ends a session whose client answered a close, or that was cut.
	errGone = errors.New("connection ended")
	// errClientClosed ends a session whose client sent connection.close.
	errClientClosed = errors.New("closed by the client")
)

func newSession(s *Server, conn net.Conn) *session {
	c := &session{
		server:   s,
		conn:     conn,
		in:       codec.NewReader(conn, s.options.FrameMax),
		channels: map[uint16]*channel{},
		beats:    make(chan *time.Ticker, 1),
		parting:  make(chan struct{}),
		stop:     make(chan struct{}),
	}
	c.out = newOutbox(conn, s.options.FrameMax, c.resume)
	c.notices.out = c.out
	return c
}

// serve runs the session to its end.
func (c *session) serve() {
	var writing sync.WaitGroup
	writing.Go(func() {
		c.out.run(c.stop, c.beats)
		c.end() // wakes a reader that waits for room, too
	})
	err := c.handshake()
	if err == nil {
		c.log(slog.LevelDebug, "connection open")
	}
	if err == nil || c.isParting() {
		err = c.loop()
	}
	c.log(slog.LevelDebug, "connection ended", "reason", err)
	c.linger(err)
	c.end()
	writing.Wait()
	if c.broker != nil {
		c.broker.Close()
	}
}

// linger discards what the client still sends until the client closes the
// connection or a bounded time is over. Closing a TCP connection over unread bytes
// resets it: a client that still writes would get an error instead of the
// close-ok that it waits for, or lose the last frames that it was sent.
func (c *session) linger(reason error) {
	var network net.Error
	limit := farewell
	switch {
	case errors.Is(reason, errGone), errors.As(reason, &network) && network.Timeout():
		return
	case errors.Is(reason, errClientClosed):
		limit = patience
	}
	c.out.seal()
	c.listenUntil(time.Now().Add(limit))
	_, _ = io.Copy(io.Discard, c.conn)
}

// end lets the writer send what waits and then close the connection, which
// ends the reader.
func (c *session) end() {
	c.stopOnce.Do(func() {
		_ = c.conn.SetWriteDeadline(time.Now().Add(farewell))
		close(c.stop)
	})
}

// cut ends the session at once.
func (c *session) cut() {
	c.conn.Close()
	c.end()
}

func (c *session) log(level slog.Level, text string, more ...any) {
	l := c.server.options.Logger
	if ctx := context.Background(); l.Enabled(ctx, level) {
		l.With("client", c.conn.RemoteAddr(), "name", c.name()).Log(ctx, level, text, more...)
	}
}

func (c *session) name() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.clientName
}

// loop carries out frames until the session ends; the error says why.
func (c *session) loop() error {
	for {
		if err := c.awaitRoom(); err != nil {
			return err
		}
		if !c.in.Ready() {
			c.keepPace()
			c.sendConfirms()
			c.expectMore()
		}
		f, err := c.in.Next()
		if err == nil {
			err = c.frame(f)
		}
		if err != nil {
			err = c.report(f.Channel, err)
		}
		if err != nil {
			return err
		}
	}
}

// report turns an error into a close of the channel or the connection; what it
// returns ends the session.
func (c *session) report(channelID uint16, err error) error {
	var where *methodError
	var id codec.MethodID
	if errors.As(err, &where) {
		id = where.method
	}
	refusal := asRefusal(err)
	if refusal == nil {
		return err
	}
	if refusal.Code == broker.InternalError {
		id = 0 // RabbitMQ names no method
	}
	if ch := c.channel(channelID); ch != nil && !refusal.Hard {
		c.closeChannel(ch, refusal, id)
		return nil
	}
	return c.closeConnection(refusal, id)
}

// asRefusal finds the reply code for an error; nil when there is nobody to reply
// to any more, or no error.
func asRefusal(err error) *broker.Error {
	var refusal *broker.Error
	var frame *codec.FrameError
	switch {
	case errors.As(err, &refusal):
		return refusal
	case errors.As(err, &frame), errors.Is(err, codec.ErrSyntax):
		return broker.Refuse(broker.FrameError, "%v", err)
	case errors.Is(err, codec.ErrUnknownMethod):
		return broker.Refuse(broker.NotImplemented, "%v", err)
	}
	return nil
}

// A methodError is an error together with the method that it answers.
type methodError struct {
	method codec.MethodID
	err    error
}

func (e *methodError) Error() string { return e.err.Error() }
func (e *methodError) Unwrap() error { return e.err }

// closeConnection tells the client what it did wrong and gives it time to
// answer. After a frame that cannot be read no answer could be read either, so
// the session ends at once.
func (c *session) closeConnection(e *broker.Error, id codec.MethodID) error {
	if c.isParting() {
		return e
	}
	c.sendConfirms()
	answer := patience
	if e.Code == broker.FrameError {
		answer = farewell
	}
	c.part(e, id, answer)
	c.dropChannels()
	if e.Code == broker.FrameError {
		return e
	}
	return nil
}

// part sends connection.close. It may be called from any goroutine.
func (c *session) part(e *broker.Error, id codec.MethodID, patience time.Duration) {
	c.partOnce.Do(func() {
		c.log(slog.LevelInfo, "closing a connection", "reply", e.Text)
		c.out.method(0, &codec.ConnectionClose{
			ReplyCode: uint16(e.Code), ReplyText: cutText(e.Text), ClassID: id.Class(), MethodID: id.Method(),
		})
		c.mu.Lock()
		defer c.mu.Unlock()
		_ = c.conn.SetReadDeadline(time.Now().Add(patience))
		close(c.parting)
	})
}

func (c *session) isParting() bool {
	select {
	case <-c.parting:
		return true
	default:
		return false
	}
}

// closeChannel tells the client why; until it answers the channel is deaf.
func (c *session) closeChannel(ch *channel, e *broker.Error, id codec.MethodID) {
	c.log(slog.LevelInfo, "closing a channel", "channel", ch.id, "reply", e.Text)
	c.sendConfirms()
	ch.closing = true
	ch.broker.Close()
	c.out.method(ch.id, &codec.ChannelClose{
		ReplyCode: uint16(e.Code), ReplyText: cutText(e.Text), ClassID: id.Class(), MethodID: id.Method(),
	})
}

// cutText keeps a reply text within a short string.
func cutText(s string) string {
	if len(s) <= math.MaxUint8 {
		return s
	}
	const more = "..."
	return s[:math.MaxUint8-len(more)] + more
}

// dropChannels ends all channels, together, before any of what they held is
// offered to others.
func (c *session) dropChannels() {
	if c.broker != nil {
		c.broker.Close()
	}
	for _, ch := range c.allChannels() {
		c.removeChannel(ch)
	}
}

const (
	// burstSize is how many messages in one go make a publisher in full flight.
	burstSize = 32
	// breather is how long such a publisher waits for its consumers at most.
	breather = 2 * time.Millisecond
)

// keepPace slows a publisher in full flight a little while the consumers of its
// messages lag behind, as RabbitMQ's flow control does. Without it the messages
// would only wait longer: in the queue, where they cost memory and latency,
// instead of with the publisher.
func (c *session) keepPace() {
	if c.burst >= burstSize && c.behind != nil {
		patience := time.NewTimer(breather)
		defer patience.Stop()
		select {
		case <-c.behind:
		case <-patience.C:
		case <-c.stop:
		}
	}
	c.burst, c.behind = 0, nil
}

// expectMore gives the client time to send its next frame, heartbeats included.
// A client that is held back from publishing is not read, so not missed either.
func (c *session) expectMore() {
	if c.silence == 0 {
		return
	}
	// Moving the deadline at every read would cost more than it is worth.
	if now := time.Now(); now.Sub(c.heard) > c.silence/8 {
		c.heard = now
		c.listenUntil(now.Add(c.silence))
	}
}

// listenUntil sets when the session gives up on a silent client; the zero time
// is never. Once the session is parting that is fixed.
func (c *session) listenUntil(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.isParting() {
		_ = c.conn.SetReadDeadline(t) // a closed connection shows at the next read
	}
}

// awaitRoom stops reading while too much waits for the client, whose requests
// would only add to it.
func (c *session) awaitRoom() error {
	room := c.out.room()
	if room == nil {
		return nil
	}
	c.sendConfirms()
	return c.pause(room)
}

// hold stops reading until publishing may go on.
func (c *session) hold(why int, reason string, until <-chan struct{}) error {
	c.sendConfirms()
	c.notices.block(why, reason)
	defer c.notices.unblock(why)
	return c.pause(until)
}

// pause waits, unless the session ends.
func (c *session) pause(until <-chan struct{}) error {
	select {
	case <-until:
		return nil
	case <-c.parting:
		return nil // what comes is read, to see the answer, but not carried out
	case <-c.stop:
		return errGone
	}
}
