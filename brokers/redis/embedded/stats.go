package embedded

import (
	"strings"
	"sync/atomic"
	"time"
)

// stats counts what INFO reports and CONFIG RESETSTAT clears.
type stats struct {
	started      time.Time
	connections  atomic.Int64
	commands     atomic.Int64
	hits, misses atomic.Int64 // of keys that were looked up for reading
}

func (s *stats) reset() {
	for _, n := range []*atomic.Int64{&s.connections, &s.commands, &s.hits, &s.misses} {
		n.Store(0)
	}
}

// lookedUp are the writing commands that also read, as Redis counts them.
var lookedUp = map[string]bool{"GETEX": true, "GETDEL": true, "GETSET": true, "OBJECT": true}

// countLookups counts a hit or a miss for each key that a command reads.
func countLookups(s *Server, number int, args []string) {
	name := strings.ToUpper(args[0])
	d := descriptions()[name]
	if d == nil || !d.readOnly && !lookedUp[name] {
		return
	}
	keys := keysOf(name, args)
	if len(keys) == 0 || name == "MEMORY" || strings.HasPrefix(name, "EVAL") {
		return
	}
	db := s.m.DB(number)
	for _, key := range keys {
		if db.Exists(key) {
			s.stats.hits.Add(1)
			continue
		}
		s.stats.misses.Add(1)
		s.announce(eventMiss, "keymiss", key, number)
	}
}
