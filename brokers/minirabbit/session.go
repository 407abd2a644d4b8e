package minirabbit

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"net"
	"sync"
	"time"

	"resilab/brokers/minirabbit/broker"
	"resilab/brokers/minirabbit/codec"
)

// A session serves one client's connection. One goroutine reads frames and carries
// them out; the outbox's goroutine writes. Deliveries for the client are added to
// the outbox by the goroutines that make messages ready.
type session struct {
	server     *Server
	conn       net.Conn
	in         *codec.Reader
	out        *outbox
	methods    codec.MethodReader
	broker     *broker.Connection // nil before connection.open
	client     clientInfo
	deadlines  deadlines
	notices    notices
	channels   channelTable
	confirming []*channel // have confirms to send
	pacer      pacer
	heartbeats chan *time.Ticker // receives the ticker once heartbeats are agreed on
	stop       chan struct{}     // closed to end the session
	stopOnce   sync.Once
}

const (
	// answerTimeout is how long a client may take to log in and to answer
	// connection.close.
	answerTimeout = 10 * time.Second
	// closeTimeout is how long the client may take to answer when the server
	// closes, and how long the last frames may take to be written.
	closeTimeout = time.Second
)

var (
	// errEnded ends a session whose client answered connection.close, or that was
	// cut.
	errEnded = errors.New("connection ended")
	// errClientClosed ends a session whose client sent connection.close.
	errClientClosed = errors.New("closed by the client")
)

func newSession(s *Server, conn net.Conn) *session {
	c := &session{
		server:     s,
		conn:       conn,
		in:         codec.NewReader(conn, s.options.FrameMax),
		deadlines:  deadlines{conn: conn, closing: make(chan struct{})},
		channels:   channelTable{byID: map[uint16]*channel{}},
		heartbeats: make(chan *time.Ticker, 1),
		stop:       make(chan struct{}),
	}
	c.out = newOutbox(conn, s.options.FrameMax, c.resume)
	c.notices.out = c.out
	return c
}

// serve runs the session until it ends.
func (c *session) serve() {
	var writing sync.WaitGroup
	writing.Go(func() {
		c.out.run(c.stop, c.heartbeats)
		c.end() // also ends a reader that waits for room
	})
	err := handshake{c}.run()
	if err == nil {
		c.log(slog.LevelDebug, "connection open")
	}
	if err == nil || c.deadlines.isClosing() {
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
	limit := closeTimeout
	switch {
	case errors.Is(reason, errEnded), errors.As(reason, &network) && network.Timeout():
		return
	case errors.Is(reason, errClientClosed):
		limit = answerTimeout
	}
	c.out.seal()
	c.deadlines.set(time.Now().Add(limit))
	_, _ = io.Copy(io.Discard, c.conn)
}

// end lets the writer send what waits and then close the connection, which ends
// the reader.
func (c *session) end() {
	c.stopOnce.Do(func() {
		_ = c.conn.SetWriteDeadline(time.Now().Add(closeTimeout))
		close(c.stop)
	})
}

// cut ends the session at once, without sending what waits.
func (c *session) cut() {
	c.conn.Close()
	c.end()
}

func (c *session) log(level slog.Level, text string, more ...any) {
	l := c.server.options.Logger
	if ctx := context.Background(); l.Enabled(ctx, level) {
		l.With("client", c.conn.RemoteAddr(), "name", c.client.connectionName()).Log(ctx, level, text, more...)
	}
}

// loop carries out frames until the session ends, and returns the reason.
func (c *session) loop() error {
	for {
		if err := c.awaitRoom(); err != nil {
			return err
		}
		if !c.in.Ready() {
			c.pacer.wait(c.stop)
			c.sendConfirms()
			c.deadlines.renew()
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

// report closes the channel or the connection because of an error. If the session
// ends, it returns the reason.
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
	if refusal.Crash() {
		id = 0 // RabbitMQ names no method
	}
	if ch := c.channels.get(channelID); ch != nil && !refusal.Hard {
		c.closeChannel(ch, refusal, id)
		return nil
	}
	return c.closeConnection(refusal, id)
}

// asRefusal returns the reply for an error, or nil if the client gets none.
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

// A methodError is an error and the method that caused it.
type methodError struct {
	method codec.MethodID
	err    error
}

func (e *methodError) Error() string { return e.err.Error() }
func (e *methodError) Unwrap() error { return e.err }

// closeConnection sends the client the reason and gives it time to answer. After a
// frame that cannot be read no answer could be read either, so the session ends at
// once.
func (c *session) closeConnection(e *broker.Error, id codec.MethodID) error {
	if c.deadlines.isClosing() {
		return e
	}
	c.sendConfirms()
	limit := answerTimeout
	if e.Code == broker.FrameError {
		limit = closeTimeout
	}
	c.sendClose(e, id, limit)
	c.dropChannels()
	if e.Code == broker.FrameError {
		return e
	}
	return nil
}

// sendClose sends connection.close, once. From then on only the client's answer
// counts, for which it has the time limit. sendClose may be called by any
// goroutine.
func (c *session) sendClose(e *broker.Error, id codec.MethodID, limit time.Duration) {
	c.deadlines.close(limit, func() {
		c.log(slog.LevelInfo, "closing a connection", "reply", e.Text)
		c.out.method(0, &codec.ConnectionClose{
			ReplyCode: uint16(e.Code), ReplyText: cutText(e.Text), ClassID: id.Class(), MethodID: id.Method(),
		})
	})
}

// closeChannel sends the client the reason. Until the client answers, other methods
// on the channel are ignored.
func (c *session) closeChannel(ch *channel, e *broker.Error, id codec.MethodID) {
	c.log(slog.LevelInfo, "closing a channel", "channel", ch.id, "reply", e.Text)
	c.sendConfirms()
	ch.closing = true
	ch.broker.Close()
	c.out.method(ch.id, &codec.ChannelClose{
		ReplyCode: uint16(e.Code), ReplyText: cutText(e.Text), ClassID: id.Class(), MethodID: id.Method(),
	})
}

// cutText shortens a reply text to the length of a short string.
func cutText(s string) string {
	if len(s) <= math.MaxUint8 {
		return s
	}
	const more = "..."
	return s[:math.MaxUint8-len(more)] + more
}

// dropChannels closes all channels together, before any message that they held is
// offered to other consumers.
func (c *session) dropChannels() {
	if c.broker != nil {
		c.broker.Close()
	}
	c.channels.clear()
}

// awaitRoom stops reading while too many bytes wait for the client, whose requests
// would only add to them.
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
	case <-c.deadlines.closing:
		return nil // frames are read to find the answer, but not carried out
	case <-c.stop:
		return errEnded
	}
}

// sendConfirms confirms what was published since the last call, with one frame for
// each channel. It is called when there is nothing more to read, so the confirms
// of a burst are sent together.
func (c *session) sendConfirms() {
	for i, ch := range c.confirming {
		ch.confirm()
		ch.listed = false
		c.confirming[i] = nil
	}
	c.confirming = c.confirming[:0]
}

// resume is called when the outbox is no longer congested.
func (c *session) resume() {
	for _, ch := range c.channels.all() {
		ch.broker.Resume()
	}
}

// force closes the connection on the server's initiative. The session ends with
// the client's answer, or soon without one.
func (c *session) force(reason string) {
	c.sendClose(broker.Refuse(broker.ConnectionForced, "%s", reason), 0, closeTimeout)
}

// shutDown is force for a server that is closed.
func (c *session) shutDown() {
	c.force("broker forced connection closure with reason 'shutdown'")
}
