// Package cli is the command line of resilab: it reads flags, opens what a
// command needs and prints what comes out. Every flag is declared as a
// lab.Knob, so that a refused value is always reported the same way: where it
// came from, which value, what is allowed. Labs add commands (lab.Command); nothing
// here names a lab.
//
// Exit codes: 0 fine, 1 the run failed, 2 wrong usage.
package cli

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"resilab/labs"
	"resilab/labs/i18n"
	"resilab/tui/pane"
)

// Texts holds the command line's part of the catalogue.
//
//go:embed es.yaml en.yaml
var Texts embed.FS

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// World is what the program sees of the system it runs on.
type World struct {
	Args   []string // without the program's name
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Getenv func(string) string
	Hangup <-chan os.Signal // SIGHUP; nil: never
	Labs   labs.Registry
	Panes  pane.Registry // the labs' own pictures
}

// call is one invocation of a command with its flags read.
type call struct {
	World
	text    *i18n.Catalogue
	config  config
	command command
	args    []string // what is not a flag
	values
}

// Main runs the program and returns its exit code.
func Main(ctx context.Context, w World) int {
	if isTerminalWatch(w) {
		return beTerminalWatch(ctx, w)
	}
	reading, stopReading := untilHangup(ctx, w)
	config, configErr := readConfig(reading, w.Getenv)
	stopReading()
	text, err := catalogue(w.Labs, wantedLanguage(w, config))
	if err != nil {
		fmt.Fprintln(w.Stderr, "resilab:", err)
		return exitUsage
	}
	c := &call{World: w, text: text, config: config}
	if configErr == nil {
		err = c.dispatch(ctx)
	} else if err = configErr; c.goesWithout(configErr) {
		fmt.Fprintln(w.Stderr, "resilab:", text.T("cli.error.config", oneLine(configErr.Error())))
		err = c.dispatch(ctx)
	}
	return c.exit(err)
}

// exit reports an error and returns the exit code for it.
func (c *call) exit(err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errReported):
		return exitFailed
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(c.Stderr, "resilab:", c.text.T("cli.error.interrupted"))
		return exitFailed
	}
	fmt.Fprintln(c.Stderr, "resilab:", oneLine(c.explain(err)))
	if isUsage(err) {
		return exitUsage
	}
	return exitFailed
}

// dispatch runs the command that the arguments name.
func (c *call) dispatch(ctx context.Context) error {
	args := c.Args
	c.command = c.rootCommand()
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name := args[0]
		args = args[1:]
		if name == "help" {
			return c.helpFor(args)
		}
		var err error
		if c.command, err = c.findCommand(name); err != nil {
			return err
		}
	}
	flags, err := c.command.flags(c, args)
	if err != nil {
		return usageError{err}
	}
	asked, err := c.parse(flags, args)
	switch {
	case err != nil:
		return usageError{err}
	case asked == wantsHelp:
		return c.help(flags)
	case asked == wantsVersion:
		_, err := fmt.Fprintln(c.Stdout, "resilab", version())
		return err
	}
	if !c.command.handlesHangup {
		var stop func()
		ctx, stop = untilHangup(ctx, c.World)
		defer stop()
	}
	return c.command.run(ctx, c)
}

// version returns the module's version or the commit, as recorded in the build.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	parts := []string{info.Main.Version}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			parts = append(parts, s.Value[:min(12, len(s.Value))])
		case s.Key == "vcs.modified" && s.Value == "true":
			parts = append(parts, "+")
		}
	}
	return strings.TrimSpace(strings.Join(append(parts, info.GoVersion), " "))
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
