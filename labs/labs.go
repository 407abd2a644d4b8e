// Package labs knows which labs there are, and opens what they need.
package labs

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"resilab/brokers"
	"resilab/labs/cacheaside"
	"resilab/labs/convoy"
	"resilab/labs/lab"
	"resilab/labs/retry"
)

// Entry is one lab of the registry.
type Entry struct {
	Spec *lab.Spec
	New  lab.Factory
}

// All lists the labs in the order of their tabs.
func All() []Entry {
	return []Entry{
		{retry.Spec(), retry.New},
		{convoy.Spec(), convoy.New},
		{cacheaside.Spec(), cacheaside.New},
	}
}

// Find returns a lab by its id.
func Find(id string) (Entry, bool) {
	for _, e := range All() {
		if e.Spec.ID == id {
			return e, true
		}
	}
	return Entry{}, false
}

// Choice names the brokers to use; an empty URL means the embedded one.
type Choice = brokers.Choice

// What can be wrong with a choice of brokers.
type (
	UnreachableError = brokers.UnreachableError
	URLError         = brokers.URLError
)

// Finding is what a probe saw of one thing the labs need.
type Finding = brokers.Finding

// LocalBrokers are the addresses that docker-compose.yml publishes.
func LocalBrokers() Choice {
	return Choice{AMQPURL: brokers.LocalAMQP, RedisURL: brokers.LocalRedis}
}

// Probe looks at what stands behind a choice with real addresses.
func Probe(ctx context.Context, choice Choice) []Finding { return brokers.Probe(ctx, choice) }

// Bench is where experiments are made: open brokers, shared by all of them.
type Bench struct {
	set *brokers.Set
}

// OpenBench opens the brokers. Close is due after success, when every
// experiment has stopped.
func OpenBench(ctx context.Context, choice Choice) (*Bench, error) {
	set, err := brokers.Open(ctx, choice)
	if err != nil {
		return nil, err
	}
	return &Bench{set: set}, nil
}

// Brokers tells which brokers are in use, for people.
func (b *Bench) Brokers() map[string]string { return b.set.Names() }

// URLs returns the addresses of RabbitMQ and Redis.
func (b *Bench) URLs() (amqp, redis string) { return b.set.AMQPURL, b.set.RedisURL }

// Close stops the embedded brokers.
func (b *Bench) Close() error { return b.set.Close() }

// Setup is what one experiment is made with.
type Setup struct {
	Seed     uint64
	Settings lab.Settings // nil: the lab's defaults
	Guest    bool         // a visitor over the network
	// Crashed hears of panics in the lab's goroutines; see lab.Env.
	Crashed func(reason any, stack []byte)
}

// Experiment makes an experiment that is not started yet. Each has a
// namespace of its own in the brokers.
func (b *Bench) Experiment(e Entry, s Setup) (*lab.Experiment, error) {
	namespace, err := newNamespace()
	if err != nil {
		return nil, err
	}
	return lab.NewExperiment(lab.Options{
		Spec: e.Spec, New: e.New, Seed: s.Seed, Settings: s.Settings, Brokers: b.set.Names(),
		Env: lab.Env{AMQPURL: b.set.AMQPURL, RedisURL: b.set.RedisURL, Namespace: namespace, Guest: s.Guest,
			Crashed: s.Crashed},
	}), nil
}

func newNamespace() (string, error) {
	var raw [5]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return "", fmt.Errorf("drawing a namespace: %w", err)
	}
	return "resilab-" + hex.EncodeToString(raw[:]), nil
}
