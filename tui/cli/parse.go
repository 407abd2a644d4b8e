package cli

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"resilab/labs/lab"
)

// flagParser reads the flags of one command.
type flagParser struct {
	command command
	set     commandSet
	outer   resolver
}

// asked is what the arguments ask for: to run the command, its help, or the version.
type asked int

const (
	wantsRun asked = iota
	wantsHelp
	wantsVersion
)

// flagValue lets pflag fill a knob's value.
type flagValue struct {
	knob  lab.Knob
	value lab.Value
}

func (f *flagValue) String() string { return f.value.String() }
func (f *flagValue) Type() string   { return f.knob.Allowed() }
func (f *flagValue) Set(s string) error {
	v, err := f.knob.Parse(s)
	if err == nil {
		f.value = v
	}
	return err
}

// parse reads args. A flag that is not given comes from RESILAB_<FLAG> in the
// environment, else from the config file, else it has its default. An empty
// value is no value. With an error the values still say where each flag read so
// far came from.
func (p flagParser) parse(knobs []lab.Knob, args []string) (in values, asked asked, err error) {
	set := pflag.NewFlagSet(p.command.title(), pflag.ContinueOnError)
	set.SetOutput(io.Discard)
	help := set.BoolP("help", "h", false, "")
	showVersion := new(bool)
	if p.command.name == "" {
		showVersion = set.Bool("version", false, "")
	}
	given := map[string]*flagValue{}
	for _, k := range knobs {
		v := &flagValue{knob: k, value: k.Default}
		given[k.ID] = v
		if f := set.VarPF(v, k.ID, "", ""); k.Kind == lab.Bool {
			f.NoOptDefVal = "true"
		}
	}
	if err := set.Parse(joinSwitches(args, knobs)); err != nil {
		return in, wantsRun, p.flagError(err, set)
	}
	in = values{args: set.Args(), flags: lab.Settings{}, origins: map[string]string{}}
	for id, v := range given {
		in.origins[id], err = p.outer.settle(set.Changed(id), v)
		if err != nil {
			return in, wantsRun, err
		}
		in.flags[id] = v.value
	}
	switch {
	case *help:
		return in, wantsHelp, nil
	case *showVersion:
		return in, wantsVersion, nil
	}
	return in, wantsRun, p.checkRequired(knobs, in)
}

// checkRequired refuses a call without one of the command's required flags.
func (p flagParser) checkRequired(knobs []lab.Knob, in values) error {
	for _, k := range knobs {
		if slices.Contains(p.command.required, k.ID) && !in.isGiven(k.ID) && len(in.args) > 0 {
			return &wordedError{key: "cli.error.novalue", args: []any{"--" + k.ID, k.Allowed()}}
		}
	}
	return nil
}

// joinSwitches lets a switch be followed by its value as other flags are:
// "--drain true" becomes "--drain=true", while "--drain" alone stays.
func joinSwitches(args []string, knobs []lab.Knob) (joined []string) {
	isSwitch := func(arg string) bool {
		return slices.ContainsFunc(knobs, func(k lab.Knob) bool { return k.Kind == lab.Bool && arg == "--"+k.ID })
	}
	for i := 0; i < len(args); i++ {
		if i+1 < len(args) && isSwitch(args[i]) {
			if _, err := lab.ParseValue(lab.Bool, args[i+1]); err == nil {
				joined = append(joined, args[i]+"="+args[i+1])
				i++
				continue
			}
		}
		joined = append(joined, args[i])
	}
	return joined
}

// flagError turns pflag's errors into those that the catalogue has words for.
func (p flagParser) flagError(err error, set *pflag.FlagSet) error {
	var bad *pflag.InvalidValueError
	var unknown *pflag.NotExistError
	var noValue *pflag.ValueRequiredError
	switch {
	case errors.As(err, &bad):
		return bad.Unwrap()
	case errors.As(err, &unknown):
		return p.unknownFlag(unknown, set)
	case errors.As(err, &noValue):
		return &wordedError{key: "cli.error.novalue", args: []any{"--" + noValue.GetFlag().Name, noValue.GetFlag().Value.Type()}}
	}
	return err
}

// unknownFlag says which command has the flag, or which flags there are.
func (p flagParser) unknownFlag(err *pflag.NotExistError, set *pflag.FlagSet) error {
	title := p.command.title()
	if short := err.GetSpecifiedShortnames(); short != "" {
		return &wordedError{key: "cli.error.flag", args: []any{"-" + short, title, "-h"}}
	}
	id := err.GetSpecifiedName()
	if owners := p.set.owners(id); len(owners) > 0 {
		return &wordedError{key: "cli.error.owner", args: []any{"--" + id, title, strings.Join(owners, ", ")}}
	}
	var names []string
	set.VisitAll(func(f *pflag.Flag) {
		if p.command.knobs == nil || !p.set.isKnob(f.Name) {
			names = append(names, "--"+f.Name)
		}
	})
	return &wordedError{key: "cli.error.flag", args: []any{"--" + id, title, strings.Join(names, " ")}}
}
