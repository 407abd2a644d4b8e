package embedded

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	redisserver "github.com/alicebob/miniredis/v2/server"
)

// session is one connection.
type session struct {
	server *Server
	conn   net.Conn
	in     *bufio.Reader
	arrival
	peer  *redisserver.Peer
	inbox *inbox
	subs  subscriptions
	id    int64
	began time.Time

	last   atomic.Pointer[request] // for CLIENT LIST
	db     atomic.Int64
	proto  atomic.Int64 // 2 or 3
	inTx   bool
	queued []queued // while inTx
}

// request is the last command of a connection.
type request struct {
	name string
	at   time.Time
}

// incoming is a command that was read.
type incoming struct {
	args  []string
	until int64         // how many bytes of the connection it and those before it take
	wrong protocolError // instead of a command; empty: it is one
}

// size returns about how many bytes the command takes.
func (r incoming) size() (n int) {
	for _, a := range r.args {
		n += len(a) + 16
	}
	return n
}

// queued is a command of a transaction that waits for EXEC.
type queued struct {
	args   []string
	finish func(value) value // nil: the reply of miniredis stays as it is
}

// serve answers requests until the connection ends.
func (c *session) serve() {
	defer c.server.remove(c)
	defer c.arrival.end()
	c.server.tasks.Go(c.readAhead)
	for !c.peer.Closed() {
		r, ok := c.inbox.take()
		if !ok {
			break
		}
		if r.wrong != "" {
			c.write(errorf("ERR %s", r.wrong.Error()))
			c.peer.Flush()
			break
		}
		c.server.ttls.advance(busyPace)
		c.handle(r)
		c.peer.Flush()
		c.done.Store(r.until)
	}
	c.inbox.stop()
	c.server.tracking.set(c, nil)
	_ = c.conn.Close()
	c.subs.leave(c)
}

// readAhead reads requests while another one runs, so that the end of a connection
// ends a command that blocks.
func (c *session) readAhead() {
	for {
		args, err := readRequest(c.in)
		if err != nil {
			var wrong protocolError
			if errors.As(err, &wrong) {
				c.inbox.put(incoming{wrong: wrong})
			}
			break
		}
		if !c.inbox.put(incoming{args: args, until: c.read - int64(c.in.Buffered())}) {
			break
		}
	}
	if c.inbox.end() {
		c.server.wakeBlocked()
	}
}

// write answers, unless the connection has ended meanwhile.
func (c *session) write(v value) {
	if !c.peer.Closed() {
		c.peer.WriteRaw(string(v.append(nil, c.peer.Resp3)))
	}
}

// handle answers one command.
func (c *session) handle(r incoming) {
	args := r.args
	name := strings.ToUpper(args[0])
	if blocks(name) {
		c.done.Store(r.until) // nobody waits for its end
	}
	c.last.Store(&request{name: strings.ToLower(name), at: time.Now()})
	c.server.stats.commands.Add(1)
	if !c.server.has(name) {
		c.refuse(unknownCommand(args))
		return
	}
	if name == "PUBLISH" {
		c.letEarlierRun()
	}
	change := c.rewrite(name, args[1:])
	if change != nil && !arityFits(name, len(args)) {
		c.refuse(errorf("ERR wrong number of arguments for '%s' command", strings.ToLower(name)))
		return
	}
	switch {
	case c.subs.answer(c, name, args):
	case c.inTx:
		c.handleInTx(name, args, change)
	case change != nil:
		e := c.begin(args, nil)
		reply := c.apply(*change)
		c.write(reply)
		e.end(reply)
	default:
		c.execute(name, args)
	}
	if !c.inTx && name != "CLIENT" {
		c.server.tracking.cachedOnce(c)
	}
}

// refuse answers with an error that discards a transaction.
func (c *session) refuse(v value) {
	if c.inTx {
		c.call("GET") // an error inside miniredis has the same effect there
	}
	c.write(v)
}

func unknownCommand(args []string) value {
	var b strings.Builder
	for _, a := range args[1:] {
		if b.Len() >= 128 {
			break
		}
		fmt.Fprintf(&b, "'%.128s' ", a)
	}
	return errorf("ERR unknown command '%.128s', with args beginning with: %s", args[0], b.String())
}

// has reports whether the server knows a command: one of Redis 7.0's, although
// miniredis may have later ones.
func (s *Server) has(name string) bool { return descriptions()[name] != nil }

// change is a command that miniredis does not answer as Redis does: what is
// executed instead, and how that reply becomes Redis's.
type change struct {
	forward []string // empty: nothing is executed
	finish  func(value) value
}

func (c *session) apply(ch change) value {
	if len(ch.forward) == 0 {
		return ch.finish(nothing)
	}
	return ch.finish(c.call(ch.forward...))
}

// execute lets miniredis answer, and counts and announces what it did.
func (c *session) execute(name string, args []string) {
	e := c.begin(args, nil)
	if e.needsReply() || blocks(name) {
		reply := c.call(args...)
		c.write(reply)
		e.end(reply)
		return
	}
	c.server.dispatch(c.peer, args)
	e.end(number(1)) // whatever is asked from here on sees the change
	switch {
	case name == "MULTI" && len(args) == 1:
		c.inTx, c.queued = true, nil
	case name == "SELECT":
		c.selected(args)
	}
}

// selected notes the database that the connection is in from now on.
func (c *session) selected(args []string) {
	if len(args) != 2 {
		return
	}
	if n, err := strconv.ParseInt(args[1], 10, 64); err == nil && n >= 0 && n < databases {
		c.db.Store(n)
	}
}

// handleInTx queues a command, or ends the transaction.
func (c *session) handleInTx(name string, args []string, ch *change) {
	switch {
	case name == "EXEC" && len(args) == 1:
		c.exec()
		return
	case name == "DISCARD" && len(args) == 1:
		c.inTx = false
	case name == "WATCH" && len(args) > 1:
		c.write(errorf("ERR WATCH inside MULTI is not allowed"))
		return
	case name != "EXEC" && name != "DISCARD" && name != "MULTI" && name != "WATCH" && name != "QUIT":
		c.queue(args, ch)
		return
	}
	c.server.dispatch(c.peer, args)
}

// queue lets miniredis queue a command, or one in its place, and writes what it
// says about it.
func (c *session) queue(args []string, ch *change) {
	q := queued{args: args}
	forward := args
	if ch != nil {
		if forward, q.finish = ch.forward, ch.finish; len(forward) == 0 {
			forward = []string{"ECHO", ""}
		}
	}
	reply := c.call(forward...)
	if reply.kind == simple && reply.text == "QUEUED" {
		c.queued = append(c.queued, q)
	}
	c.write(reply)
}

// exec executes a transaction.
func (c *session) exec() {
	c.inTx = false
	var begun []execution
	known := map[string]bool{}
	for _, q := range c.queued {
		begun = append(begun, c.begin(q.args, known))
	}
	reply := c.call("EXEC")
	for i := range reply.items {
		q := c.queued[i]
		if q.finish != nil {
			reply.items[i] = q.finish(reply.items[i])
		}
		if strings.EqualFold(q.args[0], "SELECT") {
			c.selected(q.args)
		}
	}
	c.write(reply)
	for i, item := range reply.items {
		begun[i].end(item)
	}
}

// call lets miniredis execute a command on this connection and returns its reply
// instead of writing it.
func (c *session) call(args ...string) value {
	var b bytes.Buffer
	peer := redisserver.NewPeer(bufio.NewWriter(&b))
	peer.Ctx, peer.Resp3, peer.ClientName = c.peer.Ctx, c.peer.Resp3, c.peer.ClientName
	if blocks(strings.ToUpper(args[0])) {
		c.inbox.block(peer)
		defer c.inbox.unblock()
	}
	c.server.dispatch(peer, args)
	peer.Flush()
	v, err := readReply(bufio.NewReader(&b))
	if err != nil {
		if peer.Closed() { // while it was blocked
			c.peer.Close()
		}
		return errorf("ERR miniredis answers %q with nothing", args[0])
	}
	return v
}
