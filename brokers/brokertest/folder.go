package brokertest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// folderPrefix begins the name of each broker's folder. The number of the process
// that made it and a random part follow.
const folderPrefix = "resilab-test-"

// makeFolder makes a folder for a broker in the system's folder for temporary
// files. Before that it removes the folders of processes that were killed and
// could not clean up.
func makeFolder() (string, error) {
	removeAbandoned(os.TempDir())
	dir, err := os.MkdirTemp("", fmt.Sprintf("%s%d-", folderPrefix, os.Getpid()))
	if err != nil {
		return "", fmt.Errorf("making a folder for a broker: %w", err)
	}
	return dir, nil
}

// removeAbandoned removes from parent the folders of processes that have ended.
func removeAbandoned(parent string) {
	found, _ := filepath.Glob(filepath.Join(parent, folderPrefix+"*")) // the pattern is valid
	for _, dir := range found {
		number, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), folderPrefix), "-")
		if pid, err := strconv.Atoi(number); err == nil && ended(pid) {
			_ = os.RemoveAll(dir) // another user's stays
		}
	}
}

// ended reports whether no process has the number pid. It reports false on systems
// where that cannot be found out.
func ended(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return true
	}
	defer func() { _ = p.Release() }()
	err = p.Signal(syscall.Signal(0))
	return errors.Is(err, os.ErrProcessDone) || errors.Is(err, syscall.ESRCH)
}
