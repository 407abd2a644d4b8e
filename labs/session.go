package labs

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"sync"

	"resilab/brokers"
	"resilab/labs/lab"
)

// Session makes experiments, which share its brokers.
type Session struct{ set *brokers.Set }

// NewSession returns a session. A broker is opened when an experiment first
// needs it. The error for an invalid address is a *brokers.URLError. The caller
// must call Close, when every experiment has stopped.
func NewSession(choice brokers.Choice) (*Session, error) {
	set, err := brokers.NewSet(choice)
	if err != nil {
		return nil, err
	}
	return &Session{set: set}, nil
}

// Open returns the URL of a broker by its kind; see lab.Env.
func (s *Session) Open(ctx context.Context, kind string) (url string, err error) {
	return s.set.URL(ctx, kind)
}

// Close stops the embedded brokers.
func (s *Session) Close() error { return s.set.Close() }

// Setup is what one experiment is made with.
type Setup struct {
	Seed     uint64
	Settings lab.Settings // nil: the lab's defaults
	Next     lab.Settings // of a second run; see lab.Options
	Guest    bool         // a visitor over the network
	Shared   lab.Shared   // with the other labs of the process
}

// Experiment returns an experiment that is not started yet. Its names in the
// brokers begin with a namespace that no other experiment has.
func (s *Session) Experiment(e Entry, setup Setup) (*lab.Experiment, error) {
	namespace, err := newNamespace()
	if err != nil {
		return nil, err
	}
	used := &usedBrokers{set: s.set, needs: e.Needs}
	return lab.NewExperiment(lab.Options{
		Spec: e.Spec, New: e.New, Seed: setup.Seed, Settings: setup.Settings, Next: setup.Next, Brokers: used.names,
		Env: lab.Env{Open: used.open, Namespace: namespace, Guest: setup.Guest, Shared: setup.Shared},
	}), nil
}

// usedBrokers records which brokers one experiment has opened.
type usedBrokers struct {
	set   *brokers.Set
	needs func(lab.Settings) []string

	mu     sync.Mutex
	opened []string
}

func (u *usedBrokers) open(ctx context.Context, kind string) (string, error) {
	url, err := u.set.URL(ctx, kind)
	if err != nil {
		return "", err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if !slices.Contains(u.opened, kind) {
		u.opened = append(u.opened, kind)
	}
	return url, nil
}

// names returns what the experiment has opened and the settings still need.
func (u *usedBrokers) names(s lab.Settings) map[string]string {
	u.mu.Lock()
	opened := slices.Clone(u.opened)
	u.mu.Unlock()
	var needed []string
	if u.needs != nil {
		needed = u.needs(s)
	}
	names := u.set.Names()
	maps.DeleteFunc(names, func(kind, _ string) bool {
		return !slices.Contains(opened, kind) || !slices.Contains(needed, kind)
	})
	return names
}

func newNamespace() (string, error) {
	var raw [5]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return "", fmt.Errorf("drawing a namespace: %w", err)
	}
	return "resilab-" + hex.EncodeToString(raw[:]), nil
}
