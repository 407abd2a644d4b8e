package cli

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"unicode/utf16"

	"github.com/rogpeppe/go-internal/testscript"

	"resilab/brokers/brokertest"
	"resilab/labs"
	"resilab/tui/panes"
)

// TestMain lets the scripts call the program as the command resilab.
func TestMain(m *testing.M) {
	brokertest.Overlap()
	testscript.Main(m, map[string]func(){"resilab": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		os.Exit(Main(ctx, World{Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv,
			Labs: labs.All(), Panes: panes.All()}))
	}})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("LANG", "en_US.UTF-8")
			env.Setenv("XDG_CONFIG_HOME", env.WorkDir+"/config")
			env.Setenv("XDG_STATE_HOME", env.WorkDir+"/state")
			// The program has waited for its goroutines when it exits, so that the
			// race detector need not linger for theirs, as it does for a second.
			env.Setenv("GORACE", "atexit_sleep_ms=0")
			return nil
		},
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"utf16": writeUTF16},
		Condition:           condition,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// writeUTF16 writes the text of one file into another as PowerShell does.
func writeUTF16(ts *testscript.TestScript, _ bool, args []string) {
	data := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(ts.ReadFile(args[0]))) {
		data = binary.LittleEndian.AppendUint16(data, unit)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data, 0o600))
}

// condition adds to the conditions of scripts: root may read and write everything.
func condition(name string) (bool, error) {
	if name == "root" {
		return os.Geteuid() == 0, nil
	}
	return false, fmt.Errorf("unknown condition %s", name)
}
