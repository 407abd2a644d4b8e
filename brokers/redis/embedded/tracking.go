package embedded

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// tracking is the state of CLIENT TRACKING: which keys clients may have cached.
// Where it is not known whether a command has changed a key, its readers are told.
type tracking struct {
	clients atomic.Int64 // that track

	mu      sync.Mutex
	modes   map[*session]*trackingMode
	readers map[string]map[*session]bool // by key, as in Redis for all databases
}

// trackingMode is how one client tracks.
type trackingMode struct {
	broadcast bool     // every change of a key with one of the prefixes
	prefixes  []string // none: of all keys
	optIn     bool     // only reads after CLIENT CACHING YES
	optOut    bool     // all reads but those after CLIENT CACHING NO
	noLoop    bool     // no changes that the client makes itself
	caching   bool     // CLIENT CACHING was called for the next command
}

func (t *tracking) on() bool { return t.clients.Load() > 0 }

// mode returns a copy of a client's mode; nil: it does not track.
func (t *tracking) mode(c *session) *trackingMode {
	if !t.on() {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.modes[c]
	if m == nil {
		return nil
	}
	m2 := *m
	return &m2
}

// set starts, changes or, with nil, ends the tracking of a client.
func (t *tracking) set(c *session, m *trackingMode) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.modes == nil {
		t.modes, t.readers = map[*session]*trackingMode{}, map[string]map[*session]bool{}
	}
	if m != nil {
		t.modes[c] = m
	} else {
		delete(t.modes, c)
		for key, readers := range t.readers {
			if delete(readers, c); len(readers) == 0 {
				delete(t.readers, key)
			}
		}
	}
	t.clients.Store(int64(len(t.modes)))
}

// remember records the keys that a client is about to read, and returns those
// that it tracks.
func (t *tracking) remember(c *session, keys []string) []string {
	if len(keys) == 0 || !t.on() {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.modes[c]
	if m == nil || m.broadcast || m.optIn && !m.caching || m.optOut && m.caching {
		return nil
	}
	for _, key := range keys {
		if t.readers[key] == nil {
			t.readers[key] = map[*session]bool{}
		}
		t.readers[key][c] = true
	}
	return keys
}

// changedMeanwhile returns which of the keys that remember returned were
// invalidated since: the client may have read them before or after that.
func (t *tracking) changedMeanwhile(c *session, keys []string) (changed []string) {
	if len(keys) == 0 {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, key := range keys {
		if t.modes[c] != nil && !t.readers[key][c] {
			changed = append(changed, key)
		}
	}
	return changed
}

// invalidate tells the clients that track them of changed keys. by is who changed
// them, nil where a key has expired.
func (t *tracking) invalidate(by *session, keys ...string) {
	if len(keys) == 0 || !t.on() {
		return
	}
	for _, key := range keys {
		for _, c := range t.interested(by, key) {
			c.push(texts(key))
		}
	}
}

// interested returns the clients that are told of a key, once.
func (t *tracking) interested(by *session, key string) (all []*session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for c := range t.readers[key] {
		if c != by || !t.modes[c].noLoop {
			all = append(all, c)
		}
	}
	delete(t.readers, key)
	for c, m := range t.modes {
		hit := len(m.prefixes) == 0 || slices.ContainsFunc(m.prefixes, func(p string) bool { return strings.HasPrefix(key, p) })
		if m.broadcast && hit && (c != by || !m.noLoop) {
			all = append(all, c)
		}
	}
	return all
}

// invalidateAll tells the clients that all keys are gone.
func (t *tracking) invalidateAll() {
	t.mu.Lock()
	clear(t.readers)
	all := slices.Collect(maps.Keys(t.modes))
	t.mu.Unlock()
	for _, c := range all {
		c.push(nothing)
	}
}

// pushTimeout is how long a client may take to read what it is told.
const pushTimeout = 5 * time.Second

// push sends an invalidation. As in Redis, a client that speaks RESP2 gets none.
func (c *session) push(keys value) {
	if c.proto.Load() != 3 {
		return
	}
	slow := time.AfterFunc(pushTimeout, func() { _ = c.conn.Close() })
	defer slow.Stop()
	message := value{kind: push, items: []value{text("invalidate"), keys}}
	c.peer.WriteRaw(string(message.append(nil, true)))
	c.peer.Flush()
}

// changedKeys returns the keys that a command has changed, or may have changed.
func changedKeys(name string, args []string, reply value) []string {
	if !mayChange(name) || reply.kind == failure {
		return nil
	}
	keys := keysOf(name, args)
	switch {
	case name == "DEL" || name == "UNLINK":
		if !positive.met(reply) {
			return nil
		}
	case name == "ZADD", name == "SET" && slices.ContainsFunc(args, func(a string) bool { return strings.EqualFold(a, "GET") }):
	case len(effects[name]) > 0 && !effects[name][0].when.met(reply):
		return nil
	}
	return keys
}

// mayChange reports whether a command may change keys.
func mayChange(name string) bool {
	d := descriptions()[name]
	return d != nil && (d.write || strings.HasPrefix(name, "EVAL"))
}
