package cli

import (
	"errors"
	"strings"
	"testing"

	"resilab/labs"
	"resilab/tui/panes"
)

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// A command whose result cannot be written fails and says why, also where its text
// is written line by line.
func TestAResultThatCannotBeWrittenFails(t *testing.T) {
	for _, line := range []string{"course", "course list", "course report", "course report --format csv", "course check R1",
		"schedule --count 2", "route a", "version", "man", "--help"} {
		var complaints strings.Builder
		code := Main(t.Context(), World{Args: strings.Fields(line), Stdin: strings.NewReader(""), Stdout: full{}, Stderr: &complaints,
			Getenv: func(name string) string { return map[string]string{"HOME": t.TempDir(), "LANG": "en_US.UTF-8"}[name] },
			Labs:   labs.All(), Panes: panes.All()})
		if code != exitFailed || !strings.Contains(complaints.String(), "no space left on device") {
			t.Errorf("resilab %s exits with %d: %s", line, code, complaints.String())
		}
	}
}

// A command that fails for another reason says that reason.
func TestAFailureIsNotHiddenByTheResult(t *testing.T) {
	var complaints strings.Builder
	code := Main(t.Context(), World{Args: []string{"course", "check", "nothing"}, Stdin: strings.NewReader(""), Stdout: full{}, Stderr: &complaints,
		Getenv: func(name string) string { return map[string]string{"HOME": t.TempDir(), "LANG": "en_US.UTF-8"}[name] },
		Labs:   labs.All(), Panes: panes.All()})
	if code == exitOK || strings.Contains(complaints.String(), "no space") {
		t.Errorf("exit %d: %s", code, complaints.String())
	}
}
