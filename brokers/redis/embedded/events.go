package embedded

import (
	"fmt"
	"strings"
	"time"
)

// events is a set of kinds of keyspace events, with the channels on which they
// are published, as notify-keyspace-events names them.
type events uint32

// Kinds of events, and K and E: by key, by event.
const (
	eventGeneric events = 1 << iota
	eventString
	eventList
	eventSet
	eventHash
	eventZSet
	eventExpired
	eventEvicted
	eventStream
	eventModule
	eventNew
	byKey
	byEvent
	eventMiss

	allEvents = eventNew - 1 // A; neither n nor m belongs to it
)

// eventLetters are in the order in which Redis writes them.
const eventLetters = "g$lshzxetdnKEm"

func parseEvents(flags string) (e events, ok bool) {
	for _, r := range flags {
		i := strings.IndexRune(eventLetters, r)
		switch {
		case r == 'A':
			e |= allEvents
		case i < 0:
			return 0, false
		default:
			e |= 1 << i
		}
	}
	return e, true
}

func (e events) String() string {
	var b strings.Builder
	rest := e
	if e&allEvents == allEvents {
		b.WriteByte('A')
		rest &^= allEvents | eventNew // as Redis 7.0 writes it
	}
	for i := range len(eventLetters) {
		if rest&(1<<i) != 0 {
			b.WriteByte(eventLetters[i])
		}
	}
	return b.String()
}

// announce publishes an event where the setting asks for it.
func (s *Server) announce(kind events, event, key string, db int) {
	wanted := s.notify()
	if wanted&kind == 0 {
		return
	}
	if wanted&byKey != 0 {
		s.m.Publish(fmt.Sprintf("__keyspace@%d__:%s", db, key), event)
	}
	if wanted&byEvent != 0 {
		s.m.Publish(fmt.Sprintf("__keyevent@%d__:%s", db, event), key)
	}
}

// announceExpired looks for the keys that will expire when the clock moves by
// passed, and returns the function that announces them afterwards. A key that a
// client deletes in the same moment is announced as well: the two cannot be told
// apart.
func (s *Server) announceExpired(passed time.Duration) (then func()) {
	wanted := s.notify()
	if (wanted&eventExpired == 0 || wanted&(byKey|byEvent) == 0) && !s.tracking.on() {
		return func() {}
	}
	type dueKey struct {
		db  int
		key string
	}
	var due []dueKey
	for n := range databases {
		db := s.m.DB(n)
		for _, key := range db.Keys() {
			if left := db.TTL(key); left > 0 && left <= passed {
				due = append(due, dueKey{n, key})
			}
		}
	}
	return func() {
		for _, d := range due {
			if !s.m.DB(d.db).Exists(d.key) { // else it was given more time meanwhile
				s.announce(eventExpired, "expired", d.key, d.db)
				s.tracking.invalidate(nil, d.key)
			}
		}
	}
}

// condition is when a command has changed its key.
type condition int

const (
	always   condition = iota // unless it failed
	positive                  // its reply is a number above 0
	found                     // its reply is not null, or not an empty list
)

// effect is what a command announces.
type effect struct {
	kind  events
	event string
	when  condition
	only  int // the key by its place, from 1; 0: each of them
}

// effects of the commands that write. What deletes a key announces that as well.
var effects = map[string][]effect{
	"SET": {{eventString, "set", found, 0}}, "SETEX": {{eventString, "set", always, 0}, {eventGeneric, "expire", always, 0}},
	"PSETEX": {{eventString, "set", always, 0}, {eventGeneric, "expire", always, 0}},
	"SETNX":  {{eventString, "set", positive, 0}}, "GETSET": {{eventString, "set", always, 0}},
	"MSET": {{eventString, "set", always, 0}}, "MSETNX": {{eventString, "set", positive, 0}},
	"INCR": {{eventString, "incrby", always, 0}}, "DECR": {{eventString, "decrby", always, 0}},
	"INCRBY": {{eventString, "incrby", always, 0}}, "DECRBY": {{eventString, "decrby", always, 0}},
	"INCRBYFLOAT": {{eventString, "incrbyfloat", always, 0}}, "APPEND": {{eventString, "append", always, 0}},
	"SETRANGE": {{eventString, "setrange", positive, 0}}, "SETBIT": {{eventString, "setbit", always, 0}},
	"EXPIRE": {{eventGeneric, "expire", positive, 0}}, "PEXPIRE": {{eventGeneric, "expire", positive, 0}},
	"EXPIREAT": {{eventGeneric, "expire", positive, 0}}, "PEXPIREAT": {{eventGeneric, "expire", positive, 0}},
	"PERSIST": {{eventGeneric, "persist", positive, 0}}, "RESTORE": {{eventGeneric, "restore", always, 0}},
	"RENAME":   {{eventGeneric, "rename_from", always, 1}, {eventGeneric, "rename_to", always, 2}},
	"RENAMENX": {{eventGeneric, "rename_from", positive, 1}, {eventGeneric, "rename_to", positive, 2}},
	"COPY":     {{eventGeneric, "copy_to", positive, 2}},
	"LPUSH":    {{eventList, "lpush", always, 0}}, "RPUSH": {{eventList, "rpush", always, 0}},
	"LPUSHX": {{eventList, "lpush", positive, 0}}, "RPUSHX": {{eventList, "rpush", positive, 0}},
	"LPOP": {{eventList, "lpop", found, 0}}, "RPOP": {{eventList, "rpop", found, 0}},
	"LINSERT": {{eventList, "linsert", positive, 0}}, "LSET": {{eventList, "lset", always, 0}},
	"LREM": {{eventList, "lrem", positive, 0}}, "LTRIM": {{eventList, "ltrim", always, 0}},
	"RPOPLPUSH": {{eventList, "rpop", found, 1}, {eventList, "lpush", found, 2}},
	"SADD":      {{eventSet, "sadd", positive, 0}}, "SREM": {{eventSet, "srem", positive, 0}},
	"SPOP":  {{eventSet, "spop", found, 0}},
	"SMOVE": {{eventSet, "srem", positive, 1}, {eventSet, "sadd", positive, 2}},
	"HSET":  {{eventHash, "hset", always, 0}}, "HMSET": {{eventHash, "hset", always, 0}}, "HSETNX": {{eventHash, "hset", positive, 0}},
	"HDEL": {{eventHash, "hdel", positive, 0}}, "HINCRBY": {{eventHash, "hincrby", always, 0}},
	"HINCRBYFLOAT": {{eventHash, "hincrbyfloat", always, 0}},
	"ZADD":         {{eventZSet, "zadd", positive, 0}}, "ZINCRBY": {{eventZSet, "zincr", always, 0}},
	"ZREM": {{eventZSet, "zrem", positive, 0}}, "ZPOPMIN": {{eventZSet, "zpopmin", found, 0}}, "ZPOPMAX": {{eventZSet, "zpopmax", found, 0}},
	"ZREMRANGEBYRANK":  {{eventZSet, "zremrangebyrank", positive, 0}},
	"ZREMRANGEBYSCORE": {{eventZSet, "zremrangebyscore", positive, 0}},
	"XADD":             {{eventStream, "xadd", found, 0}}, "XDEL": {{eventStream, "xdel", positive, 0}}, "XTRIM": {{eventStream, "xtrim", positive, 0}},
}

func (when condition) met(reply value) bool {
	switch when {
	case positive:
		n, ok := reply.int()
		return ok && n > 0
	case found:
		return reply.kind != null && reply.kind != nullList && (reply.kind != array || len(reply.items) > 0)
	}
	return true
}
