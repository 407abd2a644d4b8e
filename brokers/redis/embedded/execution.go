package embedded

import "strings"

// execution is a command that is being executed, with what follows from it beside
// its reply.
type execution struct {
	c      *session
	name   string
	args   []string
	change *keyChange // nil: no events are wanted
	read   []string   // the keys that the client tracks from now on
}

// begin counts the lookups of a command that is about to be executed, and records
// what it reads and changes. known is that of keyChange.
func (c *session) begin(args []string, known map[string]bool) execution {
	db := int(c.db.Load())
	countLookups(c.server, db, args)
	e := execution{c: c, name: strings.ToUpper(args[0]), args: args, change: watchKeys(c.server, db, args, known)}
	if d := descriptions()[e.name]; d != nil && d.readOnly && c.server.tracking.on() {
		e.read = c.server.tracking.remember(c, keysOf(e.name, args))
	}
	return e
}

// needsReply reports whether end depends on the reply.
func (e *execution) needsReply() bool {
	return e.change != nil || e.c.server.tracking.on() && mayChange(e.name)
}

func (e *execution) flushes() bool {
	return e.name == "FLUSHALL" || e.name == "FLUSHDB" || e.name == "SWAPDB"
}

// end announces what the command did, once its reply was written.
func (e *execution) end(reply value) {
	e.change.announce(reply)
	t := &e.c.server.tracking
	switch {
	case !t.on():
	case e.flushes() && reply.kind != failure:
		t.invalidateAll()
	default:
		t.invalidate(e.c, changedKeys(e.name, e.args, reply)...)
		for _, key := range t.changedMeanwhile(e.c, e.read) {
			e.c.push(texts(key))
		}
	}
}
