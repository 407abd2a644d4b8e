// Package brokers opens the RabbitMQ and the Redis that the labs talk to:
// the embedded ones, or real ones by address. Nothing above it needs to know
// which: the labs use the same clients over the same protocols.
package brokers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"resilab/brokers/minirabbit"
	"resilab/brokers/redis"
)

// Addresses that docker-compose.yml publishes.
const (
	LocalAMQP  = "amqp://guest:guest@127.0.0.1:5672/"
	LocalRedis = "redis://127.0.0.1:6379/0"
)

// openPatience bounds how long a real broker may take to answer at start.
const openPatience = 5 * time.Second

// Choice names the brokers to use. An empty URL means the embedded one.
type Choice struct {
	AMQPURL  string
	RedisURL string
	// Where the embedded ones listen; empty: a free port on loopback.
	AMQPAddr  string
	RedisAddr string
	// AMQPProduct is what the embedded AMQP server calls itself; empty: the truth.
	AMQPProduct string
}

// Set is an open pair of brokers.
type Set struct {
	AMQPURL  string
	RedisURL string
	names    map[string]string
	closers  []func() error
}

// UnreachableError says which broker cannot be used: it did not answer, or it
// let nobody in.
type UnreachableError struct {
	Broker  string // "RabbitMQ" or "Redis"
	Address string
	Refused bool   // it answered, but refused the user, the password or the vhost
	Start   string // a command that would start it
	Err     error
}

func (e *UnreachableError) Error() string {
	if e.Refused {
		return fmt.Sprintf("%s at %s lets nobody in (%v)", e.Broker, e.Address, e.Err)
	}
	return fmt.Sprintf("%s at %s does not answer (%v); start it with: %s", e.Broker, e.Address, e.Err, e.Start)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// What starts a real broker on this machine.
const (
	startRabbitMQ = "docker compose up -d rabbitmq"
	startRedis    = "docker compose up -d redis"
)

// URLError says that an address is none.
type URLError struct {
	Broker  string // "RabbitMQ" or "Redis"
	Value   string // without a password
	Allowed string
}

func (e *URLError) Error() string {
	return fmt.Sprintf("the address of %s: %q is not allowed (%s)", e.Broker, e.Value, e.Allowed)
}

// Check returns nil, or a *URLError for the first address that no broker can
// have.
func (c Choice) Check() error {
	if c.AMQPURL != "" {
		if _, err := amqp.ParseURI(c.AMQPURL); err != nil {
			return &URLError{"RabbitMQ", Redacted(c.AMQPURL), "amqp://user:password@host:5672/vhost, amqps://…"}
		}
	}
	if c.RedisURL != "" {
		client, err := redis.Open(c.RedisURL, redis.Options{})
		if err != nil {
			return &URLError{"Redis", Redacted(c.RedisURL), "redis://user:password@host:6379/0, rediss://…"}
		}
		return client.Close()
	}
	return nil
}

// Open starts the embedded brokers that the choice asks for and makes sure
// that the real ones answer. The error for one that does not is an
// *UnreachableError, that for an address that is none a *URLError. Close is due
// after success.
func Open(ctx context.Context, choice Choice) (*Set, error) {
	if err := choice.Check(); err != nil {
		return nil, err
	}
	s := &Set{names: map[string]string{}}
	err := errors.Join(s.openAMQP(ctx, choice), s.openRedis(ctx, choice))
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Set) openAMQP(ctx context.Context, choice Choice) error {
	if choice.AMQPURL == "" {
		server, err := minirabbit.Run(minirabbit.Options{Addr: choice.AMQPAddr, Product: choice.AMQPProduct})
		if err != nil {
			return fmt.Errorf("starting the embedded RabbitMQ: %w", err)
		}
		s.closers = append(s.closers, server.Close)
		s.AMQPURL, s.names["amqp"] = server.URL(), "embedded"
		return nil
	}
	s.AMQPURL, s.names["amqp"] = choice.AMQPURL, Redacted(choice.AMQPURL)
	if _, err := probeAMQP(ctx, choice.AMQPURL); err != nil {
		return &UnreachableError{Broker: "RabbitMQ", Address: Redacted(choice.AMQPURL), Refused: isRefusal(err), Start: startRabbitMQ, Err: err}
	}
	return nil
}

func (s *Set) openRedis(ctx context.Context, choice Choice) error {
	if choice.RedisURL == "" {
		server, err := redis.StartEmbedded(choice.RedisAddr)
		if err != nil {
			return fmt.Errorf("starting the embedded Redis: %w", err)
		}
		s.closers = append(s.closers, server.Close)
		s.RedisURL, s.names["redis"] = server.URL(), "embedded"
		return nil
	}
	s.RedisURL, s.names["redis"] = choice.RedisURL, Redacted(choice.RedisURL)
	if _, err := probeRedis(ctx, choice.RedisURL); err != nil {
		return &UnreachableError{Broker: "Redis", Address: Redacted(choice.RedisURL), Refused: isRefusal(err), Start: startRedis, Err: err}
	}
	return nil
}

// Names tells for "amqp" and "redis" which one is in use: "embedded", or an
// address without its password. The map is the caller's.
func (s *Set) Names() map[string]string {
	names := make(map[string]string, len(s.names))
	for k, v := range s.names {
		names[k] = v
	}
	return names
}

// Close stops the embedded brokers and waits for them.
func (s *Set) Close() error {
	var errs []error
	for _, c := range s.closers {
		errs = append(errs, c())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// Redacted is a broker's address for people: no user, no password.
func Redacted(rawURL string) string {
	if u, err := url.Parse(rawURL); err == nil && u.Host != "" {
		return u.Scheme + "://" + u.Host
	}
	if i := strings.LastIndexByte(rawURL, '@'); i >= 0 {
		return "…" + rawURL[i:]
	}
	return rawURL
}

// plainCause digs out the innermost network error, which says in two words
// what happened ("connection refused") instead of repeating the address.
func plainCause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
