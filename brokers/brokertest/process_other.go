//go:build !linux

package brokertest

import (
	"os"
	"syscall"
)

// Elsewhere than on Linux there is no way to tie a child's life to the test
// binary's: one that is killed leaves its brokers running.
func groupAttr() *syscall.SysProcAttr { return nil }

func terminate(p *os.Process) {
	if p.Signal(os.Interrupt) != nil {
		_ = p.Kill()
	}
}

func killGroup(p *os.Process) { _ = p.Kill() }
