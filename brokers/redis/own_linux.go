package redis

import "syscall"

// tiedToParent lets the system end the server when the program is killed.
func tiedToParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
