package docs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// printedCommand is a line of a page that a person can type.
type printedCommand struct {
	page string
	line int
	text string // without its comment
}

// Programs whose lines count as commands, and what they need.
const (
	isRun    = iota // runs here
	isOpen          // opens the labs or serves until it is ended: its flags are checked
	isMarked        // needs what a test may not have; the reason is in marked
)

// marked are beginnings of commands that are not run here, with the reason.
var marked = map[string]string{
	"docker ":          "needs Docker",
	"go test":          "is the suite itself",
	"go generate":      "writes the documentation",
	".ci/run":          "runs the suite",
	"go run ./":        "is for developers: loads a server, measures cards, draws pictures",
	"curl ":            "needs the labs open beside it",
	"ssh ":             "needs a server beside it",
	"git ":             "needs a release",
	"goreleaser ":      "needs a release",
	"go run -race":     "is for a person to watch",
	"go build":         "is compiled by every test",
	"npm ":             "needs the registry",
	"source ":          "changes the shell of a person",
	"scoop ":           "needs a release",
	"brew ":            "needs a release",
	"sudo ":            "changes the machine",
	"rabbitmq-plugins": "changes a real broker",

	"resilab course verify": "needs a report",

	"go run . run convoy --engine kafka --kafka-url": "needs a Kafka",
	"go run . run convoy --engine nats --nats-url":   "needs a NATS",
}

// commandsOf finds the lines of a page that are indented or fenced and begin like
// a command. A line that goes on in an example of output is none.
func commandsOf(t *testing.T, page string) (all []printedCommand) {
	t.Helper()
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	fenced := false
	for i, line := range strings.Split(string(data), "\n") {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
			continue
		}
		text, indented := strings.CutPrefix(line, "    ")
		if !indented && !fenced {
			continue
		}
		text, _, _ = strings.Cut(text, "  #")
		text = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), "$ "))
		if program, _, _ := strings.Cut(text, " "); program == "resilab" || program == "go" || program == "curl" || program == "docker" || program == "ssh" || program == ".ci/run" {
			all = append(all, printedCommand{page: page, line: i + 1, text: text})
		}
	}
	return all
}

// kindOf says what can be done with a command here.
func kindOf(text string) int {
	for beginning := range marked {
		if strings.HasPrefix(text, beginning) {
			return isMarked
		}
	}
	args := argsOf(text)
	switch {
	case len(args) == 0 || strings.HasPrefix(args[0], "-"):
		return isOpen
	case args[0] == "open" || args[0] == "serve" || args[0] == "brokers":
		return isOpen
	}
	return isRun
}

// argsOf returns the words after resilab, as a shell splits them.
func argsOf(text string) []string {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "go run ."), "resilab")
	var args []string
	for i, part := range strings.Split(text, "'") {
		if i%2 == 1 {
			args = append(args, part)
			continue
		}
		args = append(args, strings.Fields(part)...)
	}
	return args
}

// Every command that a page prints works as printed. Long runs are cut to a
// moment and several seeds to one; what opens the labs or serves is checked up to
// the missing terminal or port; what is marked is not run. A page has a folder of
// its own, in which its commands run in their order.
func TestPrintedCommandsWork(t *testing.T) {
	program := filepath.Join(t.TempDir(), "resilab")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "..").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Run("exit codes", func(t *testing.T) { checkExitCodes(t, program) })
	var ran atomic.Int64
	var reading sync.WaitGroup
	for _, page := range pages(t) {
		home, commands := t.TempDir(), commandsOf(t, page)
		reading.Go(func() {
			for _, c := range commands {
				if kindOf(c.text) == isMarked {
					continue
				}
				ran.Add(1)
				t.Run(fmt.Sprintf("%s:%d", filepath.Base(c.page), c.line), func(t *testing.T) { try(t, program, home, c) })
			}
		})
	}
	reading.Wait()
	if ran.Load() < 20 {
		t.Errorf("only %d commands were found", ran.Load())
	}
}

// shortened returns the arguments with the time of a run and the number of seeds
// cut, and with a free port where the page has one that may be taken here.
func shortened(args []string) []string {
	for i, a := range args[:max(0, len(args)-1)] {
		switch a {
		case "--for":
			args[i+1] = "200ms"
		case "--seeds":
			args[i+1] = "1"
		case "--http-addr":
			args[i+1] = "127.0.0.1:0"
		}
	}
	if len(args) > 0 && (args[0] == "run" || args[0] == "record") {
		args = append(args, "--for", "200ms")
	}
	return args
}

// try runs a command in an empty folder.
func try(t *testing.T, program, home string, c printedCommand) {
	args, kind := shortened(argsOf(c.text)), kindOf(c.text)
	if kind == isOpen {
		args = append(args, "--help") // the flags are read, nothing is opened
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = home
	cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "LANG=en_US.UTF-8"}
	cmd.Stdin = strings.NewReader("")
	out, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	if errors.As(err, &failed) && failed.ExitCode() == 1 && expectsAFailure(args) {
		return
	}
	if err != nil {
		t.Errorf("%s: %v\n%s", c.text, err, out)
	}
}

// expectsAFailure reports whether a command judges what is not there yet in an
// empty folder, such as a card without runs.
func expectsAFailure(args []string) bool {
	if args[0] != "course" {
		return false
	}
	for _, a := range args {
		if a == "check" || a == "--plain" || a == "lint" || a == "play" {
			return true
		}
	}
	return false
}
