// Package brokers opens the RabbitMQ, the Redis, the Kafka and the NATS that the labs
// use: the embedded ones, or real ones by address. The labs use the same clients over
// the same protocols for both.
package brokers

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"resilab/brokers/kind"
	"resilab/brokers/minirabbit"
)

// Embedded is the name of a broker that runs in this process.
const Embedded = "embedded"

// ErrClosed is returned by Set.URL after Close.
var ErrClosed = errors.New("the brokers are closed")

// Choice says which brokers to use, by kind.
type Choice struct {
	// URLs are the addresses of real brokers. A kind without one is embedded.
	URLs map[string]string
	// Listen is where the embedded ones listen (host:port). A kind without an
	// address listens on a free port of the loopback interface.
	Listen map[string]string
	// AMQPProduct is what the embedded AMQP server calls itself; empty: resilab.
	AMQPProduct string
	// AMQPVersion is one of AMQPVersions; empty: the first.
	AMQPVersion string
}

// AMQPVersions returns the series of RabbitMQ that the embedded AMQP server can behave
// like, oldest first. The first is the only one that is compared with a real server.
func AMQPVersions() []string { return minirabbit.Versions() }

// Local are the addresses that docker-compose.yml publishes.
func Local() Choice {
	choice := Choice{URLs: map[string]string{}}
	for _, k := range kind.All() {
		choice.URLs[k] = types[k].local
	}
	return choice
}

// Check returns nil, or a *URLError for the first address that no broker can
// have.
func (c Choice) Check() error {
	for _, k := range kind.All() {
		if url := c.URLs[k]; url != "" {
			if err := types[k].check(url); err != nil {
				return &URLError{Kind: k, Value: Redacted(url), Allowed: types[k].allowed, Err: err}
			}
		}
	}
	return nil
}

// Set opens brokers when they are needed, each at most once, and closes those
// that it has opened. It is safe for concurrent use.
type Set struct {
	choice Choice
	slots  map[string]*slot
}

// slot is one broker of a set.
type slot struct {
	lock   chan struct{} // holds one element while the slot is free
	url    string        // empty: not open
	name   string        // for people
	close  func() error  // nil: nothing to close
	closed bool
}

// NewSet returns a set with nothing open. The error is that of Choice.Check.
// The caller must call Close.
func NewSet(choice Choice) (*Set, error) {
	if err := choice.Check(); err != nil {
		return nil, err
	}
	s := &Set{choice: choice, slots: map[string]*slot{}}
	for _, k := range kind.All() {
		s.slots[k] = &slot{lock: make(chan struct{}, 1)}
		s.slots[k].lock <- struct{}{}
	}
	return s, nil
}

// URL returns the address of a broker. The first call for a kind starts the
// embedded one, or makes sure that the real one answers; the error for one that
// does not is an *UnreachableError, and the next call tries again.
func (s *Set) URL(ctx context.Context, k string) (string, error) {
	sl, ok := s.slots[k]
	if !ok {
		return "", fmt.Errorf("opening a broker: unknown kind %q", k)
	}
	select {
	case <-sl.lock:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	defer func() { sl.lock <- struct{}{} }()
	if sl.closed {
		return "", ErrClosed
	}
	if sl.url != "" {
		return sl.url, nil
	}
	if url := s.choice.URLs[k]; url != "" {
		if _, err := types[k].probe(ctx, url); err != nil {
			return "", unreachable(k, url, err)
		}
		sl.url, sl.name = url, Redacted(url)
		return sl.url, nil
	}
	url, stop, err := types[k].embedded(s.choice)
	if err != nil {
		return "", fmt.Errorf("starting the embedded %s: %w", types[k].name, err)
	}
	sl.url, sl.name, sl.close = url, Embedded, stop
	return url, nil
}

// Names returns what is open by kind: Embedded, or an address without its
// password. The map is the caller's.
func (s *Set) Names() map[string]string {
	names := map[string]string{}
	for k, sl := range s.slots {
		<-sl.lock
		if sl.url != "" {
			names[k] = sl.name
		}
		sl.lock <- struct{}{}
	}
	return names
}

// Close stops the embedded brokers and waits for them.
func (s *Set) Close() error {
	var errs []error
	for _, sl := range maps.All(s.slots) {
		<-sl.lock
		if sl.close != nil {
			errs = append(errs, sl.close())
		}
		sl.url, sl.close, sl.closed = "", nil, true
		sl.lock <- struct{}{}
	}
	return errors.Join(errs...)
}
