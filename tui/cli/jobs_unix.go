//go:build unix

package cli

import "golang.org/x/sys/unix"

// hasJobControl reports whether a shell with job control has started this
// process: it puts each job into a process group of the job's own. Elsewhere
// nothing would continue a stopped process.
func hasJobControl() bool {
	session, err := unix.Getsid(0)
	return err == nil && unix.Getpgrp() != session
}
