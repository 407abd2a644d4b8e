package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	defaultTimeout   = 5 * time.Second
	defaultHeartbeat = 10 * time.Second
	// closePatience bounds the closing handshake: a broker that blocks its
	// publishers does not read what they send.
	closePatience = time.Second
)

// Options say how to connect. URL is required.
type Options struct {
	URL  string // of one server, or several: see Servers
	Name string // shown in the broker's list of connections
	// Timeout bounds dialling and the handshake; 0 means 5 s, with several servers
	// 2 s for each.
	Timeout time.Duration
}

// Conn is an open connection.
type Conn struct {
	amqp *amqp.Connection
	raw  net.Conn
	addr string

	done    chan struct{} // closed when the connection has ended
	mu      sync.Mutex
	err     error // why it ended; nil when it was closed here
	blocked Blocked
}

// Blocked is since when the broker takes no publishes (memory or disk alarm), and
// its reason. Since is zero while it takes them.
type Blocked struct {
	Since  time.Time
	Reason string
}

// dial opens a connection to one server.
func dial(ctx context.Context, o Options) (*Conn, error) {
	uri, err := parse(o.URL)
	if err != nil {
		return nil, fmt.Errorf("reading the address of RabbitMQ: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	c := &Conn{addr: net.JoinHostPort(uri.Host, strconv.Itoa(uri.Port)), done: make(chan struct{})}
	unwatch := func() bool { return true }
	props := amqp.NewConnectionProperties()
	props.SetClientConnectionName(o.Name)
	c.amqp, err = amqp.DialConfig(o.URL, amqp.Config{
		Heartbeat: defaultHeartbeat, Properties: props,
		Dial: func(network, addr string) (net.Conn, error) {
			raw, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			c.raw = raw
			// The handshake that follows takes no context.
			unwatch = context.AfterFunc(ctx, func() { raw.Close() })
			return raw, nil
		},
	})
	if !unwatch() && err == nil { // ended in the very last moment
		c.amqp.Close()
		err = ctx.Err()
	}
	if err != nil {
		if c.raw != nil {
			c.raw.Close()
		}
		return nil, fmt.Errorf("RabbitMQ at %s: %w", c.addr, dialCause(ctx, err))
	}
	c.watch()
	return c, nil
}

// dialCause is the part of a dial error that does not repeat the address.
func dialCause(ctx context.Context, err error) error {
	if cause := ctx.Err(); errors.Is(cause, context.DeadlineExceeded) {
		return errors.New("no answer in time")
	} else if cause != nil {
		return cause
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// watch follows the connection until it ends.
func (c *Conn) watch() {
	closed := c.amqp.NotifyClose(make(chan *amqp.Error, 1))
	blockings := c.amqp.NotifyBlocked(make(chan amqp.Blocking, 1))
	go func() {
		defer close(c.done)
		for {
			select {
			case b, ok := <-blockings:
				if !ok {
					blockings = nil // closes before closed does
					continue
				}
				c.mu.Lock()
				c.blocked = Blocked{}
				if b.Active {
					c.blocked = Blocked{time.Now(), b.Reason}
				}
				c.mu.Unlock()
			case err := <-closed:
				c.mu.Lock()
				defer c.mu.Unlock()
				c.blocked = Blocked{}
				if err != nil {
					c.err = &lostError{fmt.Sprintf("RabbitMQ at %s: connection lost: %s", c.addr, reason(err)), err}
				}
				return
			}
		}
	}()
}

// reason is what the broker said, with what to type against the one mistake
// that a fresh RabbitMQ always has.
func reason(err *amqp.Error) string {
	if strings.Contains(err.Reason, "unknown exchange type 'x-consistent-hash'") {
		return err.Reason + "; its plugin is enabled with: rabbitmq-plugins enable rabbitmq_consistent_hash_exchange"
	}
	return err.Reason
}

// lostError is why a connection ended, in the broker's words.
type lostError struct {
	text  string
	cause *amqp.Error
}

func (e *lostError) Error() string { return e.text }
func (e *lostError) Unwrap() error { return e.cause }

// Addr returns the broker's host and port.
func (c *Conn) Addr() string { return c.addr }

// Done is closed when the connection has ended, for whatever reason.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err returns why the connection ended; nil while it is open or after Close.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Blocked reports whether the broker takes no publishes at present.
func (c *Conn) Blocked() Blocked {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.blocked
}

// Channel opens a channel. The caller closes it.
func (c *Conn) Channel() (*amqp.Channel, error) {
	ch, err := c.amqp.Channel()
	if err != nil {
		return nil, fmt.Errorf("RabbitMQ at %s: opening a channel: %w", c.addr, err)
	}
	return ch, nil
}

// Cut breaks the connection as a crash would, without a closing handshake.
func (c *Conn) Cut() {
	c.raw.Close()
	<-c.done
}

// Close ends the connection, with everything on it, and waits.
func (c *Conn) Close() {
	// The error says no more than that the connection ended another way.
	_ = c.amqp.CloseDeadline(time.Now().Add(closePatience))
	<-c.done
}
