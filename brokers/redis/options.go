package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Defaults of Options.
const (
	DefaultTimeout  = 500 * time.Millisecond
	DefaultPoolSize = 64
)

const (
	// bufferSize is what a connection reads and writes through, in bytes, each way.
	// The labs' values are some hundred bytes long; go-redis's own sizes, 32 KiB
	// and 128 KiB for pipelines, would be a third of the memory of a session.
	bufferSize = 4 << 10
	// pipelineBuffer holds the PTTLs of some hundred keys.
	pipelineBuffer = 16 << 10
	// pipelinePool is how many connections are reserved for pipelines.
	pipelinePool = 2
	// topologyInterval is how often the client of a Cluster asks which node has
	// which keys. With go-redis's 60 s it would miss a failover for as long.
	topologyInterval = time.Second
)

// Options of a client. The zero value is ready to use.
type Options struct {
	// Timeout bounds connecting, and each reading and writing of one command;
	// 0 means DefaultTimeout. A context's deadline bounds the whole.
	Timeout time.Duration
	// PoolSize is the most connections to one server; 0 means DefaultPoolSize.
	PoolSize int
	// Dial opens a connection; nil means plain TCP or a socket. Tests and faults
	// come between the client and the server with it.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.PoolSize <= 0 {
		o.PoolSize = DefaultPoolSize
	}
	return o
}

func (o Options) open(rawURL string, query url.Values) (goredis.UniversalClient, error) {
	if o.Dial != nil && strings.HasPrefix(rawURL, "rediss:") {
		o.Dial = withTLS(o.Dial)
	}
	switch {
	case query.Has("master_name"):
		return o.openSentinels(rawURL)
	case query.Has("addr"):
		return o.openCluster(rawURL)
	}
	c, err := goredis.ParseURL(rawURL)
	if err != nil {
		return nil, err
	}
	c.DialTimeout, c.ReadTimeout, c.WriteTimeout, c.PoolTimeout = o.Timeout, o.Timeout, o.Timeout, o.Timeout
	c.MaxRetries, c.DialerRetries, c.PoolSize, c.PipelinePoolSize = -1, 1, o.PoolSize, pipelinePool
	c.ReadBufferSize, c.WriteBufferSize = bufferSize, bufferSize
	c.PipelineReadBufferSize, c.PipelineWriteBufferSize = pipelineBuffer, pipelineBuffer
	c.ContextTimeoutEnabled, c.DisableIdentity, c.MaintNotificationsConfig = true, true, noNotifications()
	if o.Dial != nil {
		c.Dialer = o.Dial
	}
	return goredis.NewClient(c), nil
}

func noNotifications() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

func (o Options) openSentinels(rawURL string) (goredis.UniversalClient, error) {
	c, err := goredis.ParseFailoverURL(rawURL)
	if err != nil {
		return nil, err
	}
	c.DialTimeout, c.ReadTimeout, c.WriteTimeout, c.PoolTimeout = o.Timeout, o.Timeout, o.Timeout, o.Timeout
	c.MaxRetries, c.DialerRetries, c.PoolSize, c.PipelinePoolSize = -1, 1, o.PoolSize, pipelinePool
	c.ReadBufferSize, c.WriteBufferSize = bufferSize, bufferSize
	c.PipelineReadBufferSize, c.PipelineWriteBufferSize = pipelineBuffer, pipelineBuffer
	c.ContextTimeoutEnabled, c.DisableIdentity, c.Dialer = true, true, o.Dial
	return goredis.NewFailoverClient(c), nil
}

func (o Options) openCluster(rawURL string) (goredis.UniversalClient, error) {
	c, err := goredis.ParseClusterURL(rawURL)
	if err != nil {
		return nil, err
	}
	c.DialTimeout, c.ReadTimeout, c.WriteTimeout, c.PoolTimeout = o.Timeout, o.Timeout, o.Timeout, o.Timeout
	c.DialerRetries, c.PoolSize, c.PipelinePoolSize = 1, o.PoolSize, pipelinePool
	c.ReadBufferSize, c.WriteBufferSize = bufferSize, bufferSize
	c.PipelineReadBufferSize, c.PipelineWriteBufferSize = pipelineBuffer, pipelineBuffer
	c.ContextTimeoutEnabled, c.DisableIdentity, c.Dialer, c.MaintNotificationsConfig = true, true, o.Dial, noNotifications()
	c.ClusterStateReloadInterval = topologyInterval
	return goredis.NewClusterClient(c), nil
}

// withTLS wraps connections that dial opens in TLS, as go-redis wraps its own.
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
