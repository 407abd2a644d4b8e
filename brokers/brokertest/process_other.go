//go:build !linux

package brokertest

import (
	"os"
	"syscall"
)

// groupAttr returns nil: only Linux can kill a child when its parent is killed. On
// other systems a test binary that is killed leaves its brokers running.
func groupAttr() *syscall.SysProcAttr { return nil }

func terminate(p *os.Process) {
	if p.Signal(os.Interrupt) != nil {
		_ = p.Kill()
	}
}

func killGroup(p *os.Process) { _ = p.Kill() }
