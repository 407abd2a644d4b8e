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
	"time"

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

// UnreachableError says which broker did not answer and how to start one.
type UnreachableError struct {
	Broker  string // "RabbitMQ" or "Redis"
	Address string
	Start   string // a command that would start it
	Err     error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("%s at %s does not answer (%v); start it with: %s", e.Broker, e.Address, e.Err, e.Start)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// Open starts the embedded brokers that the choice asks for and makes sure
// that the real ones answer. The error for one that does not is an
// *UnreachableError. Close is due after success.
func Open(ctx context.Context, choice Choice) (*Set, error) {
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
		return &UnreachableError{Broker: "RabbitMQ", Address: Redacted(choice.AMQPURL), Start: "docker compose up -d rabbitmq", Err: err}
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
		return &UnreachableError{Broker: "Redis", Address: Redacted(choice.RedisURL), Start: "docker compose up -d redis", Err: err}
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
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" {
		return rawURL
	}
	return u.Scheme + "://" + u.Host
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
