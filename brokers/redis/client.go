package redis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// ErrMiss is returned for a key that does not exist.
var ErrMiss = errors.New("no such key")

// ErrWrongType is returned where a command needs a string and the key holds
// something else.
var ErrWrongType = errors.New("the key holds no string")

// Client is a connection pool to one Redis, a Sentinel group or a Cluster. It is
// safe for concurrent use. No command is repeated, except where a Cluster
// redirects it: the caller decides what a failure means.
type Client struct {
	rdb  goredis.UniversalClient
	addr string
}

// go-redis writes failures of its pool to standard error, which would tear a
// full-screen program. Every such failure also reaches its caller.
func init() { goredis.SetLogger(silentLogger{}) }

type silentLogger struct{}

func (silentLogger) Printf(context.Context, string, ...any) {}

// Open returns a client for a URL. It does not connect yet. The caller must call
// Close.
//
//	redis://[user:password@]host:port/db                 one server (rediss: with TLS)
//	redis://host:port?addr=host2:port2                    a Cluster
//	redis://host:port/db?master_name=name&addr=host2:port2  Sentinels
func Open(rawURL string, o Options) (*Client, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, errors.New("the address of Redis is not a URL") // it may hold a password
	}
	rdb, err := o.withDefaults().open(rawURL, u.Query())
	if err != nil {
		return nil, fmt.Errorf("reading the address of Redis: %w", err)
	}
	addr := u.Host
	if addr == "" {
		addr = u.Path // a socket
	}
	return &Client{rdb: rdb, addr: strings.Join(append([]string{addr}, u.Query()["addr"]...), ",")}, nil
}

// Addr returns where the client connects to: host and port, or the path of a
// socket, without a password. Several addresses are joined by commas.
func (c *Client) Addr() string { return c.addr }

// Close ends all connections.
func (c *Client) Close() error {
	if err := c.rdb.Close(); err != nil {
		return fmt.Errorf("closing the client of Redis at %s: %w", c.addr, err)
	}
	return nil
}

// wrap turns an error of go-redis into one line that names the server: the one
// that failed, where it is known, else the addresses of the client.
func (c *Client) wrap(err error) error {
	var op *net.OpError
	switch {
	case err == nil:
		return nil
	case err == goredis.Nil: // not one that is wrapped: Sentinels return it for an unknown master
		return ErrMiss
	case goredis.HasErrorPrefix(err, "WRONGTYPE"):
		return ErrWrongType
	case errors.As(err, &op):
		addr := c.addr
		if op.Addr != nil && op.Addr.String() != "" {
			addr = op.Addr.String()
		}
		return fmt.Errorf("redis at %s: %w", addr, op.Err)
	case errors.Is(err, io.EOF):
		err = errors.New("the connection was closed")
	}
	return fmt.Errorf("redis at %s: %w", c.addr, err)
}

// Ping returns nil if the server answers.
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
	if ttl%time.Second == 0 && ttl > 0 {
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

// SetIfAbsent stores a value unless the key exists, and reports whether it did.
func (c *Client) SetIfAbsent(ctx context.Context, key, value string, ttl time.Duration) (bool, error) {
	err := c.rdb.SetArgs(ctx, key, value, goredis.SetArgs{Mode: "NX", TTL: max(ttl, time.Millisecond)}).Err()
	if errors.Is(err, goredis.Nil) {
		return false, nil
	}
	return err == nil, c.wrap(err)
}

// Delete removes keys and returns how many existed.
func (c *Client) Delete(ctx context.Context, keys ...string) (int64, error) {
	n, err := c.rdb.Del(ctx, keys...).Result()
	return n, c.wrap(err)
}

// DeletePrefix removes every key that begins with prefix and returns how many
// there were.
func (c *Client) DeletePrefix(ctx context.Context, prefix string) (int64, error) {
	var total atomic.Int64
	err := c.eachKey(ctx, prefix, func(ctx context.Context, rdb goredis.Cmdable, keys []string) error {
		removed, err := rdb.Pipelined(ctx, func(p goredis.Pipeliner) error {
			for _, key := range keys { // one command each: a Cluster's slots differ
				p.Unlink(ctx, key)
			}
			return nil
		})
		for _, cmd := range removed {
			total.Add(cmd.(*goredis.IntCmd).Val())
		}
		return err
	})
	return total.Load(), c.wrap(err)
}

// scanCount is how many keys a server looks at in one command.
const scanCount = 1000

// eachKey calls do with every key that begins with prefix, some hundred at a time.
func (c *Client) eachKey(ctx context.Context, prefix string, do func(context.Context, goredis.Cmdable, []string) error) error {
	return c.eachServer(ctx, func(ctx context.Context, rdb goredis.Cmdable) error {
		var cursor uint64
		for {
			keys, next, err := rdb.Scan(ctx, cursor, escapeGlob(prefix)+"*", scanCount).Result()
			if err != nil {
				return err
			}
			if len(keys) > 0 {
				if err := do(ctx, rdb, keys); err != nil {
					return err
				}
			}
			if cursor = next; cursor == 0 {
				return nil
			}
		}
	})
}

// eachServer calls do for the server, or for every master of a Cluster, several
// at once: what is set or announced there is known to that one alone.
func (c *Client) eachServer(ctx context.Context, do func(context.Context, goredis.Cmdable) error) error {
	cluster, ok := c.rdb.(*goredis.ClusterClient)
	if !ok {
		return do(ctx, c.rdb)
	}
	return cluster.ForEachMaster(ctx, func(ctx context.Context, node *goredis.Client) error { return do(ctx, node) })
}

func escapeGlob(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`).Replace(s)
}

// Script is a Lua script that the server runs in one piece.
type Script struct{ script *goredis.Script }

// NewScript prepares a script.
func NewScript(source string) *Script { return &Script{script: goredis.NewScript(source)} }

// Run runs a script that returns an integer.
func (c *Client) Run(ctx context.Context, s *Script, keys []string, args ...any) (int64, error) {
	n, err := s.script.Run(ctx, c.rdb, keys, args...).Int64()
	return n, c.wrap(err)
}

// RunText runs a script that returns a text, or ErrMiss where it returns none.
func (c *Client) RunText(ctx context.Context, s *Script, keys []string, args ...any) (string, error) {
	text, err := s.script.Run(ctx, c.rdb, keys, args...).Text()
	return text, c.wrap(err)
}

// RunForEach runs a script once for every key that begins with prefix, as its
// only key.
func (c *Client) RunForEach(ctx context.Context, s *Script, prefix string, args ...any) error {
	return c.wrap(c.eachKey(ctx, prefix, func(ctx context.Context, rdb goredis.Cmdable, keys []string) error {
		if err := s.script.Load(ctx, rdb.(goredis.Scripter)).Err(); err != nil {
			return err
		}
		_, err := rdb.Pipelined(ctx, func(p goredis.Pipeliner) error {
			for _, key := range keys {
				s.script.EvalSha(ctx, p, []string{key}, args...)
			}
			return nil
		})
		return err
	}))
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
