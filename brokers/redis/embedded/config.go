package embedded

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

const notifySetting = "notify-keyspace-events"

// settings are the parameters that CONFIG reads, of which only one can be set.
type settings struct {
	mu     sync.Mutex
	notify events
}

// fixed are parameters that cannot be changed here.
func (s *Server) fixed() map[string]string {
	return map[string]string{
		"appendonly": "no", "bind": strings.TrimSuffix(s.Addr(), ":"+port(s.Addr())), "databases": "16", "hz": "50",
		"maxclients": "0", "maxmemory": "0", "maxmemory-policy": "noeviction", "port": port(s.Addr()), "proto-max-bulk-len": "536870912",
		"requirepass": "", "save": "", "timeout": "0",
	}
}

// config answers CONFIG.
func (c *session) config(args []string) value {
	switch sub := strings.ToUpper(args[0]); {
	case sub == "GET" && len(args) > 1:
		return c.server.configGet(args[1:])
	case sub == "SET" && len(args) > 2 && len(args)%2 == 1:
		return c.server.configSet(args[1:])
	case sub == "RESETSTAT" && len(args) == 1:
		c.server.stats.reset()
		return ok
	case sub == "REWRITE" && len(args) == 1:
		return errorf("ERR The server is running without a config file")
	case slices.Contains([]string{"GET", "SET", "RESETSTAT", "REWRITE"}, sub):
		return errorf("ERR wrong number of arguments for 'config|%s' command", strings.ToLower(sub))
	}
	return unknownSubcommand("CONFIG", args[0])
}

func (s *Server) configGet(patterns []string) value {
	all := s.fixed()
	all[notifySetting] = s.notify().String()
	v := pairs()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if slices.ContainsFunc(patterns, func(p string) bool { return matches(strings.ToLower(p), name) }) {
			v.items = append(v.items, text(name), text(all[name]))
		}
	}
	return v
}

func (s *Server) configSet(args []string) value {
	fixed := s.fixed()
	var notify *events
	for i := 0; i < len(args); i += 2 {
		name := strings.ToLower(args[i])
		was, known := fixed[name]
		switch {
		case name == notifySetting:
			parsed, ok := parseEvents(args[i+1])
			if !ok {
				return errorf("ERR CONFIG SET failed (possibly related to argument '%s') - Invalid event class character. Use 'Ag$lshzxeKEtmdn'.", name)
			}
			notify = &parsed
		case !known:
			return errorf("ERR Unknown option or number of arguments for CONFIG SET - '%s'", args[i])
		case was != args[i+1]:
			return errorf("ERR CONFIG SET failed (possibly related to argument '%s') - the embedded Redis cannot change it", name)
		}
	}
	if notify != nil {
		s.settings.mu.Lock()
		s.settings.notify = *notify
		s.settings.mu.Unlock()
	}
	return ok
}

func (s *Server) notify() events {
	s.settings.mu.Lock()
	defer s.settings.mu.Unlock()
	return s.settings.notify
}
