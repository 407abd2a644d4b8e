package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// ErrMiss tells that a key is not there.
var ErrMiss = errors.New("no such key")

// Defaults of Options.
const (
	DefaultTimeout  = 500 * time.Millisecond
	DefaultPoolSize = 64
)

// bufferSize is what a connection reads and writes through, in bytes, each way.
// The labs' values are some hundred bytes long; go-redis' own 32 KiB would be a
// third of what a visitor's labs take.
const bufferSize = 4 << 10

// Options of a client; the zero value is ready to use.
type Options struct {
	// Timeout bounds connecting, and each reading and writing of one command;
	// 0 means DefaultTimeout. A context's deadline bounds the whole.
	Timeout time.Duration
	// PoolSize is the most connections to one server; 0 means DefaultPoolSize.
	PoolSize int
	// Dial opens a connection; nil means plain TCP. With it a test or an
	// experiment lays its own wire.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Client is a connection pool to one Redis, a Sentinel group or a Cluster.
// It is safe for concurrent use. No command is sent a second time by itself,
// but where a Cluster redirects it: whoever asks decides what a failure means.
type Client struct {
	rdb  goredis.UniversalClient
	addr string
}

// go-redis writes what goes wrong in its pool to standard error, where it
// would tear a full-screen program. Every such failure also reaches its caller.
func init() { goredis.SetLogger(silence{}) }

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

// Open returns a client for a URL. It does not connect yet; Close is due.
//
//	redis://[user:password@]host:port/db                 one server (rediss: with TLS)
//	redis://host:port?addr=host2:port2                    a Cluster
//	redis://host:port/db?master_name=name&addr=host2:port2  Sentinels
func Open(rawURL string, o Options) (*Client, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, errors.New("the address of Redis is not a URL") // it may hold a password
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.PoolSize <= 0 {
		o.PoolSize = DefaultPoolSize
	}
	rdb, err := open(rawURL, u.Query(), o)
	if err != nil {
		return nil, fmt.Errorf("reading the address of Redis: %w", err)
	}
	addr := u.Host
	if addr == "" {
		addr = u.Path // a socket
	}
	return &Client{rdb: rdb, addr: addr}, nil
}

func open(rawURL string, query url.Values, o Options) (goredis.UniversalClient, error) {
	if o.Dial != nil && strings.HasPrefix(rawURL, "rediss:") {
		o.Dial = withTLS(o.Dial)
	}
	quiet := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	switch {
	case query.Has("master_name"):
		c, err := goredis.ParseFailoverURL(rawURL)
		if err != nil {
			return nil, err
		}
		c.DialTimeout, c.ReadTimeout, c.WriteTimeout, c.PoolTimeout = o.Timeout, o.Timeout, o.Timeout, o.Timeout
		c.MaxRetries, c.DialerRetries, c.PoolSize = -1, 1, o.PoolSize
		c.ReadBufferSize, c.WriteBufferSize = bufferSize, bufferSize
		c.ContextTimeoutEnabled, c.DisableIdentity, c.Dialer = true, true, o.Dial
		return goredis.NewFailoverClient(c), nil
	case query.Has("addr"):
		c, err := goredis.ParseClusterURL(rawURL)
		if err != nil {
			return nil, err
		}
		c.DialTimeout, c.ReadTimeout, c.WriteTimeout, c.PoolTimeout = o.Timeout, o.Timeout, o.Timeout, o.Timeout
		c.DialerRetries, c.PoolSize = 1, o.PoolSize
		c.ReadBufferSize, c.WriteBufferSize = bufferSize, bufferSize
		c.ContextTimeoutEnabled, c.DisableIdentity, c.Dialer, c.MaintNotificationsConfig = true, true, o.Dial, quiet
		return goredis.NewClusterClient(c), nil
	}
	c, err := goredis.ParseURL(rawURL)
	if err != nil {
		return nil, err
	}
	c.DialTimeout, c.ReadTimeout, c.WriteTimeout, c.PoolTimeout = o.Timeout, o.Timeout, o.Timeout, o.Timeout
	c.MaxRetries, c.DialerRetries, c.PoolSize = -1, 1, o.PoolSize
	c.ReadBufferSize, c.WriteBufferSize = bufferSize, bufferSize
	c.ContextTimeoutEnabled, c.DisableIdentity, c.MaintNotificationsConfig = true, true, quiet
	if o.Dial != nil {
		c.Dialer = o.Dial
	}
	return goredis.NewClient(c), nil
}

// withTLS speaks TLS on connections that somebody else opens, as go-redis does
// on its own.
func withTLS(dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		secured := tls.Client(conn, &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12})
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		return secured, nil
	}
}

// Addr is where the client connects to: host and port, no password.
func (c *Client) Addr() string { return c.addr }

// Close ends all connections.
func (c *Client) Close() error {
	if err := c.rdb.Close(); err != nil {
		return fmt.Errorf("closing the client of Redis at %s: %w", c.addr, err)
	}
	return nil
}

// wrap turns an error of go-redis into one line that names the address.
func (c *Client) wrap(err error) error {
	switch {
	case err == nil:
		return nil
	case err == goredis.Nil: // not one that is wrapped: Sentinels that know no such master say so
		return ErrMiss
	}
	return fmt.Errorf("redis at %s: %w", c.addr, plain(err))
}

// plain digs the cause out of a network error, which repeats the address.
func plain(err error) error {
	var op *net.OpError
	switch {
	case errors.As(err, &op):
		return op.Err
	case errors.Is(err, io.EOF):
		return errors.New("the connection was closed")
	}
	return err
}

// Ping tells whether the server answers.
func (c *Client) Ping(ctx context.Context) error { return c.wrap(c.rdb.Ping(ctx).Err()) }

// Get returns a key's value, or ErrMiss.
func (c *Client) Get(ctx context.Context, key string) ([]byte, error) {
	value, err := c.rdb.Get(ctx, key).Bytes()
	if err != nil {
		return nil, c.wrap(err)
	}
	return value, nil
}

// Set stores a value that lives for ttl: SETEX where ttl is in whole seconds,
// else SET with PX.
func (c *Client) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if ttl%time.Second == 0 {
		return c.wrap(c.rdb.SetEx(ctx, key, value, ttl).Err())
	}
	return c.wrap(c.rdb.Set(ctx, key, value, max(ttl, time.Millisecond)).Err())
}

// Entry is one key to store.
type Entry struct {
	Key   string
	Value []byte
	TTL   time.Duration // at least 1 ms
}

// SetMany stores all entries in one round trip.
func (c *Client) SetMany(ctx context.Context, entries []Entry) error {
	_, err := c.rdb.Pipelined(ctx, func(p goredis.Pipeliner) error {
		for _, e := range entries {
			p.Set(ctx, e.Key, e.Value, max(e.TTL, time.Millisecond))
		}
		return nil
	})
	return c.wrap(err)
}

// SetIfAbsent stores the value only where the key is not there yet, and
// tells whether it did.
func (c *Client) SetIfAbsent(ctx context.Context, key, value string, ttl time.Duration) (bool, error) {
	err := c.rdb.SetArgs(ctx, key, value, goredis.SetArgs{Mode: "NX", TTL: max(ttl, time.Millisecond)}).Err()
	if errors.Is(err, goredis.Nil) {
		return false, nil
	}
	return err == nil, c.wrap(err)
}

// Delete removes keys and returns how many were there.
func (c *Client) Delete(ctx context.Context, keys ...string) (int64, error) {
	n, err := c.rdb.Del(ctx, keys...).Result()
	return n, c.wrap(err)
}

// Expire lets a key live for d from now; it tells whether the key was there.
func (c *Client) Expire(ctx context.Context, key string, d time.Duration) (bool, error) {
	ok, err := c.rdb.PExpire(ctx, key, max(d, time.Millisecond)).Result()
	return ok, c.wrap(err)
}

// DeletePrefix removes every key that begins with prefix and returns how many
// there were.
func (c *Client) DeletePrefix(ctx context.Context, prefix string) (int64, error) {
	var total atomic.Int64
	err := c.eachServer(ctx, func(ctx context.Context, rdb goredis.Cmdable) error {
		n, err := deletePrefix(ctx, rdb, prefix)
		total.Add(n)
		return err
	})
	return total.Load(), c.wrap(err)
}

func deletePrefix(ctx context.Context, rdb goredis.Cmdable, prefix string) (total int64, err error) {
	var cursor uint64
	for {
		keys, next, err := rdb.Scan(ctx, cursor, escapeGlob(prefix)+"*", 1000).Result()
		if err != nil {
			return total, err
		}
		removed, err := rdb.Pipelined(ctx, func(p goredis.Pipeliner) error {
			for _, key := range keys { // one command each: a Cluster's slots differ
				p.Unlink(ctx, key)
			}
			return nil
		})
		for _, cmd := range removed {
			total += cmd.(*goredis.IntCmd).Val()
		}
		if err != nil {
			return total, err
		}
		if cursor = next; cursor == 0 {
			return total, nil
		}
	}
}

func escapeGlob(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`).Replace(s)
}

// Script is a Lua script that the server runs in one piece.
type Script struct{ script *goredis.Script }

// NewScript prepares a script.
func NewScript(source string) *Script { return &Script{script: goredis.NewScript(source)} }

// Run runs a script that answers with a whole number.
func (c *Client) Run(ctx context.Context, s *Script, keys []string, args ...any) (int64, error) {
	n, err := s.script.Run(ctx, c.rdb, keys, args...).Int64()
	return n, c.wrap(err)
}

// Info returns the fields of one section of INFO.
func (c *Client) Info(ctx context.Context, section string) (map[string]string, error) {
	text, err := c.rdb.Info(ctx, section).Result()
	if err != nil {
		return nil, c.wrap(err)
	}
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			fields[name] = value
		}
	}
	return fields, nil
}
