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
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"resilab/labs"
	"resilab/labs/i18n"
	"resilab/labs/lab"
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
	// Version is the program's version where what Go records has none, as in a
	// package that is built from an archive of the source. It may be empty.
	Version string
}

// call is one invocation of a command with its flags read.
type call struct {
	world   World
	set     commandSet
	outer   resolver
	out     output
	text    *i18n.Catalogue
	command command
	in      values
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
	result := &resultWriter{Writer: w.Stdout}
	out := output{stdout: result, stderr: w.Stderr, text: text}
	if err != nil {
		out.complain(err.Error())
		return exitUsage
	}
	c := &call{world: w, set: commandSet{labs: w.Labs, text: text}, outer: resolver{getenv: w.Getenv, config: config}, out: out, text: text}
	switch {
	case configErr == nil:
		err = c.dispatch(ctx)
	case errors.Is(configErr, fs.ErrPermission): // it belongs to another user
		out.complain(text.T("cli.error.config", oneLine(configErr.Error())))
		err = c.dispatch(ctx)
	default:
		err = configErr
	}
	if result.err != nil && (err == nil || errors.Is(err, errReported)) {
		err = result.err
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
		c.out.complain(c.text.T("cli.error.interrupted"))
		return exitFailed
	}
	words := explainer{text: c.text, usage: c.command.usage(), origin: c.in.origin}
	c.out.complain(oneLine(words.explain(err)))
	if isUsage(err) {
		return exitUsage
	}
	return exitFailed
}

// dispatch runs the command that the arguments name.
func (c *call) dispatch(ctx context.Context) error {
	args := c.world.Args
	c.command = c.set.root()
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name := args[0]
		args = args[1:]
		if name == "help" {
			return c.helpFor(args)
		}
		var err error
		if c.command, err = c.set.find(name); err != nil {
			return err
		}
	}
	flags, err := c.command.flags(c.set, args)
	if err != nil {
		return usageError{err}
	}
	taken := flags
	if c.command.knobs != nil {
		taken = append(slices.Clip(taken), c.command.knobs(c.set, args)...)
	}
	var asked asked
	c.in, asked, err = flagParser{command: c.command, set: c.set, outer: c.outer}.parse(taken, args)
	switch {
	case err != nil:
		return usageError{err}
	case asked == wantsHelp:
		return c.help(flags)
	case asked == wantsVersion:
		return c.out.line(c.world.program())
	}
	if !c.command.handlesHangup {
		var stop func()
		ctx, stop = untilHangup(ctx, c.world)
		defer stop()
	}
	return c.command.run(ctx, c)
}

// helpFor prints the help of the command that args name, or of resilab.
func (c *call) helpFor(args []string) error {
	if len(args) > 0 {
		var err error
		if c.command, err = c.set.find(args[0]); err != nil {
			return err
		}
		args = append(args[1:], "--help")
	}
	flags, err := c.command.flags(c.set, args)
	if err != nil {
		return usageError{err}
	}
	return c.help(flags)
}

// help prints the help of the command.
func (c *call) help(flags []lab.Knob) error {
	return helpPrinter{set: c.set, command: c.command, lab: c.set.labWord(c.world.Args)}.print(c.world.Stdout, flags)
}

// openSession opens the brokers that the flags choose. The caller must call Close.
func (c *call) openSession() (*labs.Session, error) { return labs.NewSession(c.in.brokerChoice()) }

// lab returns the lab that the first argument names, among those that suit.
func (c *call) lab(suits func(labs.Entry) bool) (labs.Entry, error) {
	if len(c.in.args) == 0 {
		return labs.Entry{}, usageError{errNoLab}
	}
	if err := c.in.atMostArgs(1); err != nil {
		return labs.Entry{}, err
	}
	e, err := c.set.lab(c.in.args[0], suits)
	if err != nil {
		return labs.Entry{}, usageError{err}
	}
	return e, nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
