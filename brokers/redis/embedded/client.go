package embedded

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// client answers CLIENT.
func (c *session) client(args []string) value {
	sub, args := strings.ToUpper(args[0]), args[1:]
	if n, ok := clientArguments[sub]; ok && len(args) != n {
		return errorf("ERR wrong number of arguments for 'client|%s' command", strings.ToLower(sub))
	}
	switch sub {
	case "ID":
		return number(c.id)
	case "INFO":
		return value{kind: verbatim, text: "txt:" + c.describe() + "\n"}
	case "LIST":
		return clientList(c.server, args)
	case "GETNAME":
		if c.peer.ClientName == "" {
			return nothing
		}
		return text(c.peer.ClientName)
	case "SETNAME":
		return c.setName(args[0])
	case "KILL":
		return c.kill(args)
	case "GETREDIR":
		if c.server.tracking.mode(c) != nil {
			return number(0)
		}
		return number(-1)
	case "NO-EVICT":
		return ok // no key is ever evicted
	case "REPLY":
		if strings.EqualFold(args[0], "ON") {
			return ok
		}
		return errorf("ERR the embedded Redis always replies")
	case "TRACKING":
		return c.server.tracking.track(c, args)
	case "CACHING":
		return c.server.tracking.cacheNext(c, args)
	case "TRACKINGINFO":
		return c.server.tracking.info(c)
	case "PAUSE", "UNPAUSE", "UNBLOCK":
		return errorf("ERR the embedded Redis has no CLIENT %s", sub)
	}
	return unknownSubcommand("CLIENT", sub)
}

// clientArguments is how many arguments subcommands take.
var clientArguments = map[string]int{"ID": 0, "INFO": 0, "GETNAME": 0, "SETNAME": 1, "GETREDIR": 0, "NO-EVICT": 1, "REPLY": 1,
	"CACHING": 1, "TRACKINGINFO": 0}

func (c *session) setName(name string) value {
	for _, r := range name {
		if r < '!' || r > '~' {
			return errorf("ERR Client names cannot contain spaces, newlines or special characters.")
		}
	}
	c.server.mu.Lock()
	c.peer.ClientName = name
	c.server.mu.Unlock()
	return ok
}

// describe returns the line about a connection in CLIENT LIST.
func (c *session) describe() string {
	c.server.mu.Lock()
	name := c.peer.ClientName
	c.server.mu.Unlock()
	now := time.Now()
	last := request{name: "NULL", at: c.began}
	if r := c.last.Load(); r != nil {
		last = *r
	}
	return fmt.Sprintf("id=%d addr=%s laddr=%s fd=-1 name=%s age=%d idle=%d flags=N db=%d "+
		"sub=0 psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=0 events=r "+
		"cmd=%s user=default redir=-1 resp=%d",
		c.id, c.conn.RemoteAddr(), c.conn.LocalAddr(), name, int(now.Sub(c.began).Seconds()), int(now.Sub(last.at).Seconds()),
		c.db.Load(), last.name, c.proto.Load())
}

// clientList answers CLIENT LIST, with its filters by type and id.
func clientList(s *Server, args []string) value {
	ids := map[string]bool{}
	switch {
	case len(args) >= 2 && strings.EqualFold(args[0], "ID"):
		for _, id := range args[1:] {
			if _, err := strconv.ParseInt(id, 10, 64); err != nil {
				return errorf("ERR Invalid client ID")
			}
			ids[id] = true
		}
	case len(args) == 2 && strings.EqualFold(args[0], "TYPE") && strings.EqualFold(args[1], "normal"):
	case len(args) > 0:
		return errorf("ERR syntax error")
	}
	var b strings.Builder
	for _, other := range s.connected() {
		if len(ids) == 0 || ids[strconv.FormatInt(other.id, 10)] {
			b.WriteString(other.describe() + "\n")
		}
	}
	return value{kind: verbatim, text: "txt:" + b.String()}
}

// kill answers CLIENT KILL ADDR and ID, and the old form with an address alone.
func (c *session) kill(args []string) value {
	killed := int64(0)
	for _, other := range c.server.connected() {
		hit := false
		switch {
		case len(args) == 1:
			hit = other.conn.RemoteAddr().String() == args[0]
		case len(args) == 2 && strings.EqualFold(args[0], "ADDR"):
			hit = other.conn.RemoteAddr().String() == args[1]
		case len(args) == 2 && strings.EqualFold(args[0], "ID"):
			hit = strconv.FormatInt(other.id, 10) == args[1]
		default:
			return errorf("ERR the embedded Redis kills by ADDR or ID")
		}
		if hit && other != c {
			_ = other.conn.Close()
			killed++
		}
	}
	if len(args) == 1 {
		if killed == 0 {
			return errorf("ERR No such client")
		}
		return ok
	}
	return number(killed)
}

// hello answers HELLO.
func (c *session) hello(args []string) value {
	proto := 2
	if c.peer.Resp3 {
		proto = 3
	}
	if len(args) > 0 {
		n, err := strconv.Atoi(args[0])
		if err != nil {
			return errorf("ERR Protocol version is not an integer or out of range")
		}
		if n != 2 && n != 3 {
			return errorf("NOPROTO unsupported protocol version")
		}
		proto, args = n, args[1:]
	}
	for len(args) > 0 {
		switch {
		case strings.EqualFold(args[0], "AUTH") && len(args) >= 3:
			if args[1] != "default" {
				return errorf("WRONGPASS invalid username-password pair or user is disabled.")
			}
			args = args[3:]
		case strings.EqualFold(args[0], "SETNAME") && len(args) >= 2:
			if v := c.setName(args[1]); v.kind == failure {
				return v
			}
			args = args[2:]
		default:
			return errorf("ERR Syntax error in HELLO option '%s'", args[0])
		}
	}
	c.peer.Resp3 = proto == 3
	c.proto.Store(int64(proto))
	return pairs(text("server"), text("redis"), text("version"), text(version), text("proto"), number(int64(proto)),
		text("id"), number(c.id), text("mode"), text("standalone"), text("role"), text("master"), text("modules"), list())
}
