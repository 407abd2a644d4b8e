package brokertest

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// process is a broker's operating system process. One goroutine starts it and
// waits for it, so that it leaves no zombie; done closes when it has ended.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
}

// startProcess runs cmd in a new process group.
func startProcess(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	cmd.SysProcAttr = groupAttr()
	started := make(chan error)
	go func() {
		defer close(p.done)
		// The system kills the child when the thread that started it ends, so
		// the thread must last as long as the child.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // an error is expected of a broker that is killed
		}
	}()
	if err := <-started; err != nil {
		<-p.done
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return p, nil
}

// stop terminates the process, and kills it if it still runs after grace.
func (p *process) stop(grace time.Duration) {
	terminate(p.cmd.Process)
	select {
	case <-p.done:
	case <-time.After(grace):
	}
	p.kill()
}

// kill kills the process and its children and waits until the process has ended.
func (p *process) kill() {
	killGroup(p.cmd.Process)
	<-p.done
}

func (p *process) alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// awaitReady polls until ready returns true. If the process ends or the limit is
// over first, it returns an error with the end of the log.
func (p *process) awaitReady(limit time.Duration, logFile string, ready func() bool) error {
	deadline := time.Now().Add(limit)
	for !ready() {
		if !p.alive() {
			return fmt.Errorf("the process exited while starting: %s", tail(logFile))
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the process was not ready after %v: %s", limit, tail(logFile))
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil
}

// tail returns the end of a log, for an error message.
func tail(logFile string) string {
	const most = 2000
	b, err := os.ReadFile(logFile)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-most):])
}
