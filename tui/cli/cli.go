// Package cli is the command line of resilab: it reads flags, opens what a
// command needs and prints what comes out. Every flag is declared as a
// lab.Knob, so that a refused value is always told the same way: which flag,
// which value, what is allowed.
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
	"slices"
	"strings"
	"syscall"

	"resilab/brokers"
	"resilab/labs/i18n"
	"resilab/labs/lab"
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
}

// command is one word after resilab.
type command struct {
	name string
	// flags declares the command's flags for its arguments.
	flags func(args []string) ([]lab.Knob, error)
	run   func(context.Context, *call) error
}

func commands() []command {
	return []command{
		{"run", runFlags, runLab},
		{"fleet", fleetFlags, runFleet},
		{"export", exportFlags, exportCode},
		{"schedule", fixed(scheduleFlags()), schedule},
		{"route", fixed(routeFlags()), route},
		{"course", fixed(courseFlags()), runCourse},
		{"serve", fixed(serveFlags()), serve},
		{"brokers", fixed(brokersFlags()), runBrokers},
		{"doctor", fixed(doctorFlags()), runDoctor},
	}
}

func fixed(flags []lab.Knob) func([]string) ([]lab.Knob, error) {
	return func([]string) ([]lab.Knob, error) { return flags, nil }
}

// usageError is a mistake in what was typed: exit 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// silentError ends the program with exit 1; everything was said already.
var errSaid = errors.New("already reported")

// Main runs the program and returns its exit code.
func Main(ctx context.Context, w World) int {
	if isTerminalWatch(w) {
		return beTerminalWatch(w)
	}
	text, err := loadTexts(w)
	if err != nil {
		fmt.Fprintln(w.Stderr, "resilab:", err)
		return exitUsage
	}
	err = dispatch(ctx, w, text)
	var usage usageError
	var address *brokers.URLError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errSaid):
		return exitFailed
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		fmt.Fprintln(w.Stderr, "resilab:", text.T("cli.error.interrupted"))
		return exitFailed
	case errors.As(err, &usage), errors.As(err, &address):
		fmt.Fprintln(w.Stderr, "resilab:", oneLine(explain(text, err)))
		return exitUsage
	default:
		fmt.Fprintln(w.Stderr, "resilab:", oneLine(explain(text, err)))
		return exitFailed
	}
}

// explain puts an error into the catalogue's words where it has some; several
// errors are told one after the other.
func explain(text *i18n.Catalogue, err error) string {
	var knob *lab.KnobError
	var address *brokers.URLError
	var broker *brokers.UnreachableError
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		var all []string
		for _, e := range several.Unwrap() {
			all = append(all, explain(text, e))
		}
		return strings.Join(all, "; ")
	}
	switch {
	case errors.Is(err, errNoLab):
		return text.T("cli.error.lab", strings.Join(labNames(), "|"))
	case errors.As(err, &knob):
		return text.T("cli.error.value", "--"+knob.Knob, knob.Value, knob.Allowed)
	case errors.As(err, &address):
		return text.T("cli.error.value", urlFlag(address.Kind), address.Value, address.Allowed)
	case errors.As(err, &broker) && broker.Refused:
		return text.T("cli.error.refused", brokers.Name(broker.Kind), broker.Address, broker.Err, urlFlag(broker.Kind))
	case errors.As(err, &broker) && broker.Start == "":
		return text.T("cli.error.unreachable", brokers.Name(broker.Kind), broker.Address, broker.Err)
	case errors.As(err, &broker):
		return text.T("cli.error.start", brokers.Name(broker.Kind), broker.Address, broker.Err, broker.Start)
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return text.T("cli.error.taken", err)
	}
	return err.Error()
}

// urlFlag is the flag that tells where a broker of a kind is.
func urlFlag(kind string) string { return "--" + kind + "-url" }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func dispatch(ctx context.Context, w World, text *i18n.Catalogue) error {
	cmd, args := command{"labs", fixed(labsFlags()), runLabs}, w.Args
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		all := commands()
		i := slices.IndexFunc(all, func(c command) bool { return c.name == args[0] })
		if args[0] == "help" {
			return help(w, text, cmd, nil)
		}
		if i < 0 {
			return usageError{errors.New(text.T("cli.error.command", args[0], strings.Join(commandNames(), "|")))}
		}
		cmd, args = all[i], args[1:]
	}
	flags, err := cmd.flags(args)
	if err != nil {
		return usageError{err}
	}
	c := &call{World: w, text: text, command: cmd.name}
	wantsHelp, err := c.parse(flags, args)
	if err != nil {
		return usageError{err}
	}
	if wantsHelp {
		return help(w, text, cmd, flags)
	}
	if !cmd.handlesHangup() {
		var stop func()
		ctx, stop = untilHangup(ctx, w)
		defer stop()
	}
	return cmd.run(ctx, c)
}

func commandNames() (names []string) {
	for _, c := range commands() {
		names = append(names, c.name)
	}
	return names
}
