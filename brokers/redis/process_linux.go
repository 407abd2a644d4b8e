package redis

import "syscall"

// tiedToParent makes the system end the server when the program is killed.
func tiedToParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// runs reports whether a process exists.
func runs(pid int) bool { return syscall.Kill(pid, 0) != syscall.ESRCH }
