// Package nats runs a NATS server with JetStream in this process, and keeps lanes in a
// stream: the server shares subjects out by their partition function, and each lane has
// one durable pull consumer. Every message is confirmed, and acknowledged one by one.
//
// The embedded server is nats-server itself, the real product, as one node. Clusters and
// replicated streams are not part of it.
package nats

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const (
	startTimeout = 10 * time.Second

	// Bounds of the embedded server. A message of a lab has about a hundred bytes.
	maxPayload = 64 << 10
	maxMemory  = 64 << 20
	maxStore   = 1 << 30
)

// Embedded is a NATS server in this process, on a port of the loopback interface. It
// keeps its streams in a temporary folder.
type Embedded struct {
	server *server.Server
	folder string
}

// StartEmbedded starts one server. The caller must call Close.
func StartEmbedded() (*Embedded, error) {
	folder, err := os.MkdirTemp("", "resilab-nats-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the embedded NATS: %w", err)
	}
	s, err := start(folder, server.RANDOM_PORT)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return &Embedded{server: s, folder: folder}, nil
}

// start starts a server at a port of the loopback interface, whose streams are in a
// folder. It writes no log and handles no signals.
func start(folder string, port int) (*server.Server, error) {
	s, err := server.NewServer(&server.Options{
		ServerName: "resilab", Host: "127.0.0.1", Port: port, NoLog: true, NoSigs: true,
		JetStream: true, StoreDir: folder, JetStreamMaxMemory: maxMemory, JetStreamMaxStore: maxStore,
		MaxPayload: maxPayload,
	})
	if err != nil {
		return nil, fmt.Errorf("configuring the embedded NATS: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(startTimeout) {
		stop(s)
		return nil, fmt.Errorf("the embedded NATS was not ready after %s", startTimeout)
	}
	return s, nil
}

func stop(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

// URL returns the server's address.
func (e *Embedded) URL() string { return e.server.ClientURL() }

// Close stops the server and removes its folder.
func (e *Embedded) Close() error {
	stop(e.server)
	if err := os.RemoveAll(e.folder); err != nil {
		return fmt.Errorf("removing the folder of the embedded NATS: %w", err)
	}
	return nil
}
