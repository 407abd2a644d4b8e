package minirabbit

import "resilab/brokers/minirabbit/broker"

// A Snapshot is the state of a server at one moment.
type Snapshot struct {
	broker.Snapshot
	Connections []ConnectionState
}

// A ConnectionState describes a client's connection.
type ConnectionState struct {
	Name       string // the client property connection_name
	RemoteAddr string
	Blocked    bool // the client is held back from publishing
}

// Snapshot returns exchanges, bindings, queues and connections. It does not stop
// the server meanwhile.
func (s *Server) Snapshot() Snapshot {
	out := Snapshot{Snapshot: s.broker.Snapshot()}
	for _, c := range s.each() {
		out.Connections = append(out.Connections, ConnectionState{
			Name: c.client.connectionName(), RemoteAddr: c.conn.RemoteAddr().String(), Blocked: c.notices.active(),
		})
	}
	return out
}
