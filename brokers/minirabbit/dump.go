package minirabbit

import (
	"fmt"
	"strings"
)

// Dump returns the state of the server as text for a person, for example in the
// message of a failed test: exchanges that a client declared, bindings, queues with
// the first bytes of their ready messages, and connections.
func (s *Server) Dump() string {
	var b strings.Builder
	state := s.Snapshot()
	for _, x := range state.Exchanges {
		if x.Name != "" && !strings.HasPrefix(x.Name, "amq.") {
			fmt.Fprintf(&b, "exchange %q of type %s in %q\n", x.Name, x.Type, x.VHost)
		}
	}
	for _, x := range state.Bindings {
		fmt.Fprintf(&b, "binding %q -> %q with key %q in %q\n", x.Source, x.Destination, x.Key, x.VHost)
	}
	for _, q := range state.Queues {
		fmt.Fprintf(&b, "queue %q in %q: %d ready, %d unacked, %d consumers\n", q.Name, q.VHost, q.Ready, q.Unacked, len(q.Consumers))
		for _, m := range s.broker.Messages(q.VHost, q.Name) {
			fmt.Fprintf(&b, "  key %q: %.40q\n", m.RoutingKey, m.Body)
		}
	}
	for _, c := range state.Connections {
		fmt.Fprintf(&b, "connection %q from %s, blocked: %v\n", c.Name, c.RemoteAddr, c.Blocked)
	}
	return b.String()
}
