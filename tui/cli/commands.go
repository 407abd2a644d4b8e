package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"resilab/labs"
	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/labs/runline"
	"resilab/labs/textfile"
)

// command is one word after resilab.
type command struct {
	name string // empty: resilab itself
	args string // its arguments in a usage line
	lab  string // id of the lab that brings it; empty: none
	// words are those that its first argument can be; nil: any, or a lab.
	words []string
	// suits reports which labs it takes; nil: all.
	suits func(labs.Entry) bool
	// required are the flags that have no default.
	required []string
	// flags declares the command's flags for its arguments.
	flags func(set commandSet, args []string) ([]lab.Knob, error)
	// knobs declares flags that are settings of labs, which the help of run
	// describes; nil: none.
	knobs func(set commandSet, args []string) []lab.Knob
	run   func(context.Context, *call) error
	// handlesHangup is set where SIGHUP does not end the command.
	handlesHangup bool
}

// title is the command as it is typed.
func (cmd command) title() string { return strings.TrimSpace("resilab " + cmd.name) }

// usage is the command with its arguments.
func (cmd command) usage() string { return strings.TrimSpace(cmd.title() + " " + cmd.args) }

// takesLab reports whether the command's argument is a lab.
func (cmd command) takesLab() bool { return cmd.args == labArgument }

// labArgument is the argument of a command that takes a lab, in a usage line.
const labArgument = "LAB"

// commandSet is every command of the program: its own and those of the labs.
type commandSet struct {
	labs labs.Registry
	text *i18n.Catalogue
}

// root is resilab without a command: the labs on this terminal.
func (s commandSet) root() command {
	return command{flags: fixed(rootFlags(s.labs)), knobs: labKnobs, run: runRoot}
}

// all lists the program's own commands and those of the labs.
func (s commandSet) all() []command {
	all := []command{{name: "run", args: labArgument, flags: runFlags, run: runLab}}
	for _, e := range s.labs {
		for _, own := range e.Commands {
			all = append(all, ofLab(e.Spec.ID, own))
		}
	}
	return append(all,
		command{name: "open", args: "LINE", flags: fixed(screenFlags(s.labs)), run: runOpen},
		command{name: "compare", args: "FILE FILE…", flags: fixed(compareFlags()), run: runCompare},
		command{name: "export", args: labArgument, required: []string{"to"}, suits: canExport, flags: exportFlags, run: runExport},
		command{name: "course", args: "[WORD] [ARG]", words: courseWords(), flags: fixed(courseFlags()), run: runCourse},
		command{name: "record", flags: fixed(recordFlags(s)), knobs: labKnobs, run: runRecord},
		command{name: "demo", args: "[NAME]", flags: fixed(demoFlags()), run: runDemo},
		command{name: "serve", flags: fixed(serveFlags()), run: runServe, handlesHangup: true},
		command{name: "brokers", flags: fixed(brokersFlags()), run: runBrokers},
		command{name: "doctor", flags: fixed(doctorFlags()), run: runDoctor},
		command{name: "completion", args: strings.Join(shells(), "|"), words: shells(), flags: fixed([]lab.Knob{languageFlag()}), run: runCompletion},
		command{name: "man", flags: fixed(manFlags()), run: runMan},
		command{name: "version", flags: fixed([]lab.Knob{languageFlag()}), run: runVersion})
}

func fixed(flags []lab.Knob) func(commandSet, []string) ([]lab.Knob, error) {
	return func(commandSet, []string) ([]lab.Knob, error) { return flags, nil }
}

// ofLab makes a lab's command one of the program's.
func ofLab(labID string, own lab.Command) command {
	run := func(ctx context.Context, c *call) error {
		if own.Args == "" {
			if err := c.in.noArgs(); err != nil {
				return err
			}
		}
		err := own.Run(ctx, &lab.Call{
			Args: c.in.args, Flags: c.in.flags, Given: c.in.isGiven, Text: c.text,
			Stdin: textfile.Reader(ctx, c.world.Stdin), Stdout: c.world.Stdout, Note: c.out.note, Print: c.out.table,
		})
		if wrong := new(lab.KnobError); errors.As(err, &wrong) {
			return usageError{err}
		}
		return err
	}
	return command{name: own.Name, args: own.Args, lab: labID, flags: fixed(append(slices.Clip(own.Flags), languageFlag())), run: run}
}

// find finds a command by its name. The error is a usageError.
func (s commandSet) find(name string) (command, error) {
	var names []string
	for _, cmd := range s.all() {
		if cmd.name == name {
			return cmd, nil
		}
		names = append(names, cmd.name)
	}
	return command{}, usageError{&wordedError{key: "cli.error.command", args: []any{name, strings.Join(names, "|")}}}
}

// owners lists the commands that have a flag, for a person who has given it to
// another.
func (s commandSet) owners(flag string) (owners []string) {
	for _, cmd := range s.all() {
		if flags, err := cmd.flags(s, nil); err == nil && hasFlag(flags, flag) {
			owners = append(owners, "resilab "+cmd.name)
		}
	}
	for _, e := range s.labs {
		if hasFlag(e.Spec.Knobs, flag) {
			owners = append(owners, "resilab run "+e.Spec.ID)
		}
	}
	return owners
}

// lab finds a lab by its id among those that suit. The error is a *lab.KnobError.
func (s commandSet) lab(id string, suits func(labs.Entry) bool) (labs.Entry, error) {
	if e, ok := s.labs.Find(id); ok && (suits == nil || suits(e)) {
		return e, nil
	}
	return labs.Entry{}, &lab.KnobError{Knob: "lab", Value: id, Allowed: strings.Join(s.labs.IDs(suits), "|")}
}

// labWord finds which lab is asked for before its flags are known: that of the
// line which --from gives, the first word that names one, else the first word of all.
func (s commandSet) labWord(args []string) string {
	if line := flagIn(args, fromFlag().ID); line != "" {
		return runline.LabOf(line)
	}
	for _, a := range args {
		if _, ok := s.labs.Find(a); ok {
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
func (s commandSet) labFlags(args []string, own []lab.Knob, suits func(labs.Entry) bool, of func(labs.Entry) []lab.Knob) ([]lab.Knob, error) {
	name := s.labWord(args)
	switch {
	case name == "" && (len(args) == 0 || slices.Contains(args, "-h") || slices.Contains(args, "--help")):
		return own, nil
	case name == "":
		return nil, errNoLab
	}
	e, err := s.lab(name, suits)
	if err != nil {
		return nil, err
	}
	return append(slices.Clip(of(e)), own...), nil
}

// about describes a command in one sentence.
func (s commandSet) about(cmd command) string {
	switch {
	case cmd.lab != "":
		return s.text.T(cmd.lab + ".command." + cmd.name)
	case cmd.name == "":
		return s.text.T("cli.help.resilab", s.labTitles())
	}
	choices := s.labs.IDs(cmd.suits)
	if cmd.words != nil {
		choices = cmd.words
	}
	return s.text.T("cli.help."+cmd.name, strings.Join(choices, ", "))
}

func (s commandSet) labTitles() string {
	var titles []string
	for _, e := range s.labs {
		titles = append(titles, s.text.T(e.Spec.ID+".name"))
	}
	return strings.Join(titles, ", ")
}

// words are the words that can follow a command, each with what it does.
func (s commandSet) words(cmd command) (all [][2]string) {
	for _, w := range cmd.words {
		if key := fmt.Sprintf("cli.word.%s.%s", cmd.name, w); s.text.Has(key) {
			all = append(all, [2]string{w, s.text.T(key)})
		}
	}
	return all
}

// flagHelp finds a flag's text: that of the lab which brings the command, that
// of the lab's knob, or the program's own.
func (s commandSet) flagHelp(cmd command, labID string, k lab.Knob) string {
	ids := []string{cmd.lab, labID}
	for _, e := range s.labs {
		ids = append(ids, e.Spec.ID)
	}
	keys := []string{fmt.Sprintf("%s.flag.%s.%s", cmd.lab, cmd.name, k.ID), fmt.Sprintf("cli.flag_of.%s.%s", cmd.name, k.ID)}
	for i, id := range ids {
		if i == 2 {
			keys = append(keys, "cli.flag."+k.ID) // before the knobs of labs that are not named
		}
		keys = append(keys, fmt.Sprintf("%s.knob.%s.help", id, k.ID))
	}
	for _, key := range keys {
		if s.text.Has(key) {
			return strings.TrimSuffix(s.text.T(key), ".")
		}
	}
	return ""
}
