package cli

import (
	"context"
	"errors"
	"slices"
	"strings"

	"resilab/labs"
	"resilab/labs/lab"
	"resilab/labs/textfile"
)

// command is one word after resilab.
type command struct {
	name string // empty: resilab itself
	args string // its arguments in a usage line
	lab  string // id of the lab that brings it; empty: none
	// suits reports which labs it takes; nil: all.
	suits func(labs.Entry) bool
	// required are the flags that have no default.
	required []string
	// flags declares the command's flags for its arguments.
	flags func(c *call, args []string) ([]lab.Knob, error)
	run   func(context.Context, *call) error
	// handlesHangup is set where SIGHUP does not end the command.
	handlesHangup bool
}

// rootCommand is resilab without a command: the labs on this terminal.
func (c *call) rootCommand() command { return command{flags: fixed(c.rootFlags()), run: runRoot} }

// commands lists the program's own commands and those of the labs.
func (c *call) commands() []command {
	all := []command{{name: "run", args: "LAB", flags: runFlags, run: runLab}}
	for _, e := range c.Labs {
		for _, own := range e.Commands {
			all = append(all, ofLab(e.Spec.ID, own))
		}
	}
	return append(all,
		command{name: "export", args: "LAB", required: []string{"to"}, suits: canExport, flags: exportFlags, run: runExport},
		command{name: "course", args: "[list|status|check|report|lint|new|play|verify] [ARG]", flags: fixed(courseFlags()), run: runCourse},
		command{name: "serve", flags: fixed(serveFlags()), run: runServe, handlesHangup: true},
		command{name: "brokers", flags: fixed(brokersFlags()), run: runBrokers},
		command{name: "doctor", flags: fixed(doctorFlags()), run: runDoctor})
}

func fixed(flags []lab.Knob) func(*call, []string) ([]lab.Knob, error) {
	return func(*call, []string) ([]lab.Knob, error) { return flags, nil }
}

// ofLab makes a lab's command one of the program's.
func ofLab(labID string, c lab.Command) command {
	run := func(ctx context.Context, in *call) error {
		if c.Args == "" {
			if err := in.noArgs(); err != nil {
				return err
			}
		}
		err := c.Run(ctx, &lab.Call{
			Args: in.args, Flags: in.flags, Given: in.isGiven, Text: in.text,
			Stdin: textfile.Reader(ctx, in.Stdin), Stdout: in.Stdout, Note: in.note,
			Print: func(t lab.Table) error { return writeTable(in.Stdout, t) },
		})
		if wrong := new(lab.KnobError); errors.As(err, &wrong) {
			return usageError{err}
		}
		return err
	}
	return command{name: c.Name, args: c.Args, lab: labID, flags: fixed(append(slices.Clip(c.Flags), languageFlag())), run: run}
}

// findCommand finds a command by its name. The error is a usageError.
func (c *call) findCommand(name string) (command, error) {
	var names []string
	for _, cmd := range c.commands() {
		if cmd.name == name {
			return cmd, nil
		}
		names = append(names, cmd.name)
	}
	return command{}, usageError{errors.New(c.text.T("cli.error.command", name, strings.Join(names, "|")))}
}

// noArgs refuses words that a command has no use for.
func (c *call) noArgs() error { return c.atMostArgs(0) }

func (c *call) atMostArgs(n int) error {
	if len(c.args) > n {
		return usageError{errors.New(c.text.T("cli.error.argument", c.args[n]))}
	}
	return nil
}

// labOf returns the lab that the first argument names, among those that suit.
func (c *call) labOf(suits func(labs.Entry) bool) (labs.Entry, error) {
	if len(c.args) == 0 {
		return labs.Entry{}, usageError{errNoLab}
	}
	if err := c.atMostArgs(1); err != nil {
		return labs.Entry{}, err
	}
	e, err := c.findLab(c.args[0], suits)
	if err != nil {
		return labs.Entry{}, usageError{err}
	}
	return e, nil
}

// errNoLab is reported in the catalogue's words.
var errNoLab = errors.New("the lab is missing")

// findLab finds a lab by its id among those that suit. The error is a
// *lab.KnobError.
func (c *call) findLab(id string, suits func(labs.Entry) bool) (labs.Entry, error) {
	if e, ok := c.Labs.Find(id); ok && (suits == nil || suits(e)) {
		return e, nil
	}
	return labs.Entry{}, &lab.KnobError{Knob: "lab", Value: id, Allowed: strings.Join(c.Labs.IDs(suits), "|")}
}

// labWord finds which lab is asked for before its flags are known: the first
// word that names one, else the first word of all.
func (c *call) labWord(args []string) string {
	for _, a := range args {
		if _, ok := c.Labs.Find(a); ok {
			return a
		}
	}
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return args[0]
	}
	return ""
}

// labFlags returns the flags of a command that takes a lab: the command's own
// alone where no lab is named but help is wanted.
func (c *call) labFlags(args []string, own []lab.Knob, suits func(labs.Entry) bool, of func(labs.Entry) []lab.Knob) ([]lab.Knob, error) {
	name := c.labWord(args)
	switch {
	case name == "" && (len(args) == 0 || slices.Contains(args, "-h") || slices.Contains(args, "--help")):
		return own, nil
	case name == "":
		return nil, errNoLab
	}
	e, err := c.findLab(name, suits)
	if err != nil {
		return nil, err
	}
	return append(slices.Clip(of(e)), own...), nil
}
