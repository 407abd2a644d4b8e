package brokertest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
)

// portMapper is Erlang's port mapper (epmd) for one node, or for the nodes of one
// cluster: one that RabbitMQ starts would be shared by all nodes of the machine and
// outlive them.
type portMapper struct {
	port    int
	process *process // nil: stopped
}

// start starts the mapper unless it runs.
func (m *portMapper) start() error {
	if m.process != nil && m.process.alive() {
		return nil
	}
	path, err := findEpmd()
	if err != nil {
		return err
	}
	m.process, err = startProcess(exec.Command(path, "-port", strconv.Itoa(m.port), "-address", "127.0.0.1"))
	if err != nil {
		return err
	}
	return m.process.awaitReady(rabbitStartLimit, os.DevNull, func() bool {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", m.port))
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

func (m *portMapper) stop() {
	if m.process != nil {
		m.process.kill()
	}
	m.process = nil
}
