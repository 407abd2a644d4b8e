package redis_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"resilab/brokers/brokertest"
	"resilab/brokers/redis"
)

// What a program that was killed has left is removed by the next one, and nothing else.
// Elsewhere than on Linux it is not known whether a program runs, and nothing is removed.
func TestFoldersOfKilledProgramsAreRemoved(t *testing.T) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		brokertest.Redis(t) // skips or fails, naming what is missing
	}
	t.Setenv("TMPDIR", t.TempDir())
	ended := exec.CommandContext(t.Context(), "redis-server", "--version")
	must(t, ended.Run())
	left := filepath.Join(os.TempDir(), fmt.Sprintf("resilab-redis-%d-1", ended.Process.Pid))
	kept := []string{filepath.Join(os.TempDir(), fmt.Sprintf("resilab-redis-%d-1", os.Getpid())), filepath.Join(os.TempDir(), "resilab-redis-notes")}
	for _, dir := range append(kept, left) {
		must(t, os.Mkdir(dir, 0o700))
	}
	own, err := redis.StartProcess(t.Context())
	must(t, err)
	must(t, own.Close())
	found, err := filepath.Glob(filepath.Join(os.TempDir(), "*"))
	must(t, err)
	if slices.Sort(kept); !slices.Equal(found, kept) {
		t.Errorf("there are %v, want %v", found, kept)
	}
}
