package embedded

import "strings"

// keyChange is what one command does to its keys, for the events about them.
type keyChange struct {
	server *Server
	name   string
	args   []string
	keys   []string
	db     int
	before []bool // which keys existed
	// known holds, within a transaction, which keys exist according to the
	// replies: the keys cannot be looked at between two commands. Elsewhere it is nil.
	known map[string]bool
}

// watchKeys returns the change that a command is about to make; nil where no such
// event is wanted.
func watchKeys(s *Server, db int, args []string, known map[string]bool) *keyChange {
	wanted := s.notify()
	if wanted&(byKey|byEvent) == 0 || wanted&^(byKey|byEvent|eventExpired|eventMiss) == 0 {
		return nil
	}
	name := strings.ToUpper(args[0])
	d := descriptions()[name]
	if d == nil || !d.write {
		return nil
	}
	c := &keyChange{server: s, name: name, args: args, keys: keysOf(name, args), db: db, known: known}
	c.before = c.present()
	for i, key := range c.keys {
		if _, seen := known[key]; known != nil && !seen {
			known[key] = c.before[i]
		}
	}
	return c
}

// announce announces the change once the command was executed with a reply. A nil
// change has no events.
func (c *keyChange) announce(reply value) {
	if c == nil || reply.kind == failure {
		return
	}
	after := c.after(reply)
	for i, key := range c.keys {
		if !c.before[i] && after[i] {
			c.server.announce(eventNew, "new", key, c.db)
		}
		c.effects(0, key, reply)
	}
	for i, key := range c.keys {
		c.effects(i+1, key, reply)
	}
	if _, at := expiryIn(c.name, c.args[1:]); at >= 0 && (c.name == "SET" || c.name == "GETEX") && found.met(reply) {
		c.server.announce(eventGeneric, "expire", c.keys[0], c.db)
	}
	for i, key := range c.keys {
		if c.before[i] && !after[i] && !strings.HasPrefix(c.name, "RENAME") {
			c.server.announce(eventGeneric, "del", key, c.db)
		}
	}
}

// after returns which keys exist after the command. Within a transaction it
// corrects before, too.
func (c *keyChange) after(reply value) []bool {
	after := c.present()
	if c.known == nil {
		return after
	}
	for i, key := range c.keys {
		c.before[i], after[i] = c.known[key], leaves(c.name, c.known[key], reply)
		c.known[key] = after[i]
	}
	return after
}

// leaves reports whether a key exists after a command, according to the reply.
func leaves(name string, before bool, reply value) bool {
	switch name {
	case "DEL", "UNLINK", "GETDEL":
		return false
	}
	for _, e := range effects[name] {
		if e.when.met(reply) {
			return true
		}
	}
	return before
}

// effects announces what the command did to a key, which is all of its keys alike
// for place 0, or the one in that place.
func (c *keyChange) effects(place int, key string, reply value) {
	for _, e := range effects[c.name] {
		if e.only == place && e.when.met(reply) {
			c.server.announce(e.kind, e.event, key, c.db)
		}
	}
}

// present reports which keys exist.
func (c *keyChange) present() []bool {
	there := make([]bool, len(c.keys))
	for i, key := range c.keys {
		there[i] = c.server.m.DB(c.db).Exists(key)
	}
	return there
}
