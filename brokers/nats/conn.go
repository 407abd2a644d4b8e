package nats

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	dialTimeout   = 3 * time.Second
	apiTimeout    = 5 * time.Second
	reconnectWait = 200 * time.Millisecond
	// A server that has not answered two pings in a row is given up.
	pingInterval = 5 * time.Second
	pingsOut     = 2
)

// Options say how to connect.
type Options struct {
	URL  string // as Servers takes it
	Name string // of the client
	// Again makes the connection again when it breaks, for as long as it takes. What is
	// sent meanwhile is sent then, at most 8 MB. Otherwise it stays broken.
	Again bool
	// Lost is called when the connection breaks or is closed, with the reason, and Back
	// when it was made again. Nil: nothing is called.
	Lost func(error)
	Back func()
}

// Conn is a connection to a server.
type Conn struct {
	nc     *nats.Conn
	js     jetstream.JetStream
	dialer *dialer
	addr   string
}

// Servers returns one URL for each server of an address such as
// nats://user:password@a,b:4223.
func Servers(address string) ([]string, error) {
	if strings.Count(address, "://") > 1 {
		return nil, errors.New("more than one URL; several servers are nats://user:password@a,b,c")
	}
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok || scheme != "nats" && scheme != "tls" {
		return nil, errors.New("no nats:// or tls:// in front")
	}
	user := ""
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		user, rest = rest[:i+1], rest[i+1:]
	}
	var all []string
	for host := range strings.SplitSeq(strings.TrimSuffix(rest, "/"), ",") {
		one := scheme + "://" + user + host
		u, err := url.Parse(one)
		if err != nil {
			return nil, errors.New("no URL") // the cause would show the password
		}
		if u.Hostname() == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
			return nil, errors.New("no host, or something behind it")
		}
		all = append(all, one)
	}
	return all, nil
}

// Addr returns the hosts of an address, without user and password.
func Addr(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	return rest[strings.LastIndexByte(rest, '@')+1:]
}

// dialer dials until a context ends, and keeps the last connection.
type dialer struct {
	ctx context.Context

	mu   sync.Mutex
	conn net.Conn
	err  error // of the last attempt
}

// Dial implements nats.CustomDialer.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(d.ctx, network, address)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.conn, d.err = conn, err
	return conn, err
}

// cause returns why connecting failed. Where it could not reach a server, the library only
// says that there is none.
func (d *dialer) cause(err error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if errors.Is(err, nats.ErrNoServers) && d.err != nil {
		return d.err
	}
	return err
}

func (d *dialer) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.conn != nil {
		d.conn.Close()
	}
}

// Connect connects to the first server that takes it, and again only while ctx lives.
// The error names the address without the password. The caller must call Close.
func Connect(ctx context.Context, o Options) (*Conn, error) {
	c := &Conn{dialer: &dialer{ctx: ctx}, addr: Addr(o.URL)}
	servers, err := Servers(o.URL)
	if err != nil {
		return nil, fmt.Errorf("connecting to NATS at %s: %w", c.addr, err)
	}
	c.nc, err = nats.Connect(strings.Join(servers, ","), append(c.reconnection(o),
		nats.Name(o.Name), nats.SetCustomDialer(c.dialer), nats.Timeout(dialTimeout),
		nats.PingInterval(pingInterval), nats.MaxPingsOutstanding(pingsOut),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))...) // the default one writes to standard error
	if err != nil {
		return nil, fmt.Errorf("connecting to NATS at %s: %w", c.addr, c.dialer.cause(err))
	}
	if c.js, err = jetstream.New(c.nc, jetstream.WithDefaultTimeout(apiTimeout)); err != nil {
		c.nc.Close()
		return nil, fmt.Errorf("using JetStream of NATS at %s: %w", c.addr, err)
	}
	return c, nil
}

// reconnection returns what happens when the connection breaks.
func (c *Conn) reconnection(o Options) []nats.Option {
	opts := []nats.Option{nats.NoReconnect()}
	if o.Again {
		opts = []nats.Option{nats.MaxReconnects(-1), nats.ReconnectWait(reconnectWait)}
	}
	return append(opts,
		nats.DisconnectErrHandler(func(nc *nats.Conn, err error) { o.lost(c.addr, cmp.Or(err, nc.LastError(), nats.ErrDisconnected)) }),
		nats.ReconnectHandler(func(*nats.Conn) { o.back() }))
}

func (o Options) lost(addr string, err error) {
	if o.Lost != nil {
		o.Lost(fmt.Errorf("the connection to NATS at %s broke: %w", addr, err))
	}
}

func (o Options) back() {
	if o.Back != nil {
		o.Back()
	}
}

// Addr returns the hosts that the connection may be to.
func (c *Conn) Addr() string { return c.addr }

// Connected reports whether the connection can be used, and closed whether it never will
// be again.
func (c *Conn) Connected() (connected, closed bool) { return c.nc.IsConnected(), c.nc.IsClosed() }

// Cut breaks the connection, as the network may.
func (c *Conn) Cut() { c.dialer.cut() }

// Close ends the connection.
func (c *Conn) Close() { c.nc.Close() }

// AccessRefused reports whether the server refused the user or a permission.
func AccessRefused(err error) bool {
	for _, refusal := range []error{nats.ErrAuthorization, nats.ErrAuthExpired, nats.ErrAuthRevoked, nats.ErrAccountAuthExpired, nats.ErrPermissionViolation} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}
