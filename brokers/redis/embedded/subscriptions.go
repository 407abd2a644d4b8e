package embedded

import "strings"

// subscriptions is the state of a connection's subscriptions inside miniredis; nil:
// there were none. It is apart from the state of the other commands, as miniredis
// refuses commands beside subscriptions, and Redis does so in RESP2 only.
type subscriptions struct{ state any }

func subscribes(name string) bool {
	switch name {
	case "SUBSCRIBE", "UNSUBSCRIBE", "PSUBSCRIBE", "PUNSUBSCRIBE":
		return true
	}
	return false
}

// with calls do while c has the state of the subscriptions.
func (s *subscriptions) with(c *session, do func()) {
	if s.state == nil {
		s.state = c.server.newState()
	}
	commands := c.peer.Ctx
	c.peer.Ctx = s.state
	defer func() { c.peer.Ctx = commands }()
	do()
}

// exist reports whether there is a subscription.
func (s *subscriptions) exist(c *session) (yes bool) {
	if s.state == nil {
		return false
	}
	s.with(c, func() { yes = c.call("ECHO", "").kind == failure })
	return yes
}

// leave ends the subscriptions of a connection that has ended.
func (s *subscriptions) leave(c *session) {
	if s.state == nil {
		return
	}
	s.with(c, func() {
		c.call("UNSUBSCRIBE")
		c.call("PUNSUBSCRIBE")
	})
}

// answer answers commands about subscriptions, and refuses what RESP2
// does not allow beside them. It reports whether it answered.
func (s *subscriptions) answer(c *session, name string, args []string) bool {
	full, fits := nameAndArity(name, args)
	switch {
	case !fits:
		return false
	case c.inTx && subscribes(name):
		c.refuse(errorf("ERR the embedded Redis subscribes outside of transactions only"))
	case name == "PSUBSCRIBE" && refusePatterns(c, name, args[1:]) != nil:
		return false
	case subscribes(name), name == "PING" && !c.peer.Resp3 && s.exist(c):
		s.with(c, func() { c.server.dispatch(c.peer, args) })
	case c.peer.Resp3, name == "PING", name == "QUIT", !s.exist(c):
		return false
	default:
		prefix := "ERR"
		if name == "EXEC" {
			prefix = "EXECABORT Transaction discarded because of:"
		}
		c.refuse(errorf("%s Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
			prefix, full))
	}
	return true
}

// nameAndArity returns how Redis names a command in errors, "get" or "config|get",
// and whether it has as many words as it needs.
func nameAndArity(name string, args []string) (full string, fits bool) {
	full, fits = strings.ToLower(name), arityFits(name, len(args))
	if len(args) == 1 {
		return full, fits
	}
	for _, sub := range descriptions()[name].subcommands() {
		if sub.items[0].text == full+"|"+strings.ToLower(args[1]) {
			arity, _ := sub.items[1].int()
			return sub.items[0].text, takes(int(arity), len(args))
		}
	}
	return full, fits
}
