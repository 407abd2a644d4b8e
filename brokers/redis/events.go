package redis

import (
	"strings"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
)

// events lets the embedded server announce expired keys of database 0, as
// Redis does when notify-keyspace-events asks for it. It adds the command
// CONFIG, which knows this one setting.
type events struct {
	mu    sync.Mutex
	flags string
}

func (ev *events) register(s *server.Server) error { return s.Register("CONFIG", ev.config) }

func (ev *events) config(c *server.Peer, _ string, args []string) {
	ev.mu.Lock()
	defer ev.mu.Unlock()
	switch {
	case len(args) == 2 && strings.EqualFold(args[0], "GET"):
		if !strings.EqualFold(args[1], notifySetting) {
			c.WriteMapLen(0)
			return
		}
		c.WriteMapLen(1)
		c.WriteBulk(notifySetting)
		c.WriteBulk(ev.flags)
	case len(args) == 3 && strings.EqualFold(args[0], "SET") && strings.EqualFold(args[1], notifySetting):
		ev.flags = args[2]
		c.WriteOK()
	default:
		c.WriteError("ERR the embedded Redis knows only CONFIG GET|SET " + notifySetting)
	}
}

// wants tells which channels the setting asks for: K names them by key, E by event.
func (ev *events) wants() (byKey, byEvent bool) {
	ev.mu.Lock()
	defer ev.mu.Unlock()
	if !strings.ContainsAny(ev.flags, "xA") {
		return false, false
	}
	return strings.Contains(ev.flags, "K"), strings.Contains(ev.flags, "E")
}

// prepare looks for the keys that will expire when the clock moves by passed,
// and returns the function that announces them afterwards. A key that a client
// deletes in just this moment is announced too: the two cannot be told apart.
func (ev *events) prepare(m *miniredis.Miniredis, passed time.Duration) (announce func()) {
	byKey, byEvent := ev.wants()
	if !byKey && !byEvent {
		return func() {}
	}
	db := m.DB(0)
	var due []string
	for _, key := range db.Keys() {
		if left := db.TTL(key); left > 0 && left <= passed {
			due = append(due, key)
		}
	}
	return func() {
		for _, key := range due {
			if db.Exists(key) {
				continue // given more time meanwhile
			}
			if byKey {
				m.Publish("__keyspace@0__:"+key, "expired")
			}
			if byEvent {
				m.Publish("__keyevent@0__:expired", key)
			}
		}
	}
}
