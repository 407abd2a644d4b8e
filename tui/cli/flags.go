package cli

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/theme"
)

// values are a command's flags with where each came from.
type values struct {
	flags   lab.Settings
	origins map[string]string // of those that are set: "--lang", "RESILAB_LANG", "config.yaml:3: lang"
}

// isGiven reports whether a flag is set: on the command line, in the environment
// or in the config file.
func (v *values) isGiven(id string) bool { return v.origins[id] != "" }

// origin says where a flag's value came from; a default counts as the flag's.
func (v *values) origin(id string) string {
	if where := v.origins[id]; where != "" {
		return where
	}
	return "--" + id
}

// asked is what the arguments ask for besides running the command.
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
// value is no value.
func (c *call) parse(knobs []lab.Knob, args []string) (asked, error) {
	set := pflag.NewFlagSet(c.command.title(), pflag.ContinueOnError)
	set.SetOutput(io.Discard)
	help := set.BoolP("help", "h", false, "")
	showVersion := new(bool)
	if c.command.name == "" {
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
		return wantsRun, c.flagError(err, set)
	}
	c.args, c.flags, c.origins = set.Args(), lab.Settings{}, map[string]string{}
	for id, v := range given {
		if err := c.settle(set.Changed(id), v); err != nil {
			return wantsRun, err
		}
	}
	switch {
	case *help:
		return wantsHelp, nil
	case *showVersion:
		return wantsVersion, nil
	}
	return wantsRun, c.checkRequired(knobs)
}

// checkRequired refuses a call without one of the command's required flags.
func (c *call) checkRequired(knobs []lab.Knob) error {
	for _, k := range knobs {
		if slices.Contains(c.command.required, k.ID) && !c.isGiven(k.ID) && len(c.args) > 0 {
			return errors.New(c.text.T("cli.error.novalue", "--"+k.ID, k.Allowed()))
		}
	}
	return nil
}

// settle decides which of the given, the outer and the default value a flag has.
func (c *call) settle(changed bool, v *flagValue) error {
	id := v.knob.ID
	isEmpty := v.knob.Kind == lab.Text && v.value.Text() == ""
	if changed && !isEmpty {
		c.origins[id] = "--" + id
	}
	if outer, where := c.outside(id); !c.isGiven(id) && where != "" {
		c.origins[id] = where
		if err := v.Set(outer); err != nil {
			return err
		}
	}
	if v.knob.Kind == lab.Text {
		if v.value.Text() == "" {
			v.value = v.knob.Default
		}
		v.value = lab.TextValue(expandHome(v.value.Text(), c.Getenv))
	}
	c.flags[id] = v.value
	return nil
}

// expandHome replaces the ~ of a path, which a shell does not do everywhere.
func expandHome(path string, getenv func(string) string) string {
	if path != "~" && !strings.HasPrefix(path, "~/") {
		return path
	}
	home := getenv("HOME")
	if home == "" {
		var err error
		if home, err = os.UserHomeDir(); err != nil {
			return path
		}
	}
	return filepath.Join(home, path[1:])
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

// flagError turns pflag's errors into one line in the catalogue's words.
func (c *call) flagError(err error, set *pflag.FlagSet) error {
	var bad *pflag.InvalidValueError
	var unknown *pflag.NotExistError
	var noValue *pflag.ValueRequiredError
	switch {
	case errors.As(err, &bad):
		return bad.Unwrap()
	case errors.As(err, &unknown):
		return errors.New(c.unknownFlag(unknown, set))
	case errors.As(err, &noValue):
		return errors.New(c.text.T("cli.error.novalue", "--"+noValue.GetFlag().Name, noValue.GetFlag().Value.Type()))
	}
	return err
}

// unknownFlag says which command has the flag, or which flags there are.
func (c *call) unknownFlag(err *pflag.NotExistError, set *pflag.FlagSet) string {
	if short := err.GetSpecifiedShortnames(); short != "" {
		return c.text.T("cli.error.flag", "-"+short, c.command.title(), "-h")
	}
	id := err.GetSpecifiedName()
	if owners := c.flagOwners(id); len(owners) > 0 {
		return c.text.T("cli.error.owner", "--"+id, c.command.title(), strings.Join(owners, ", "))
	}
	var names []string
	set.VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	return c.text.T("cli.error.flag", "--"+id, c.command.title(), strings.Join(names, " "))
}

// languageFlag is declared by every command; it is read before all others,
// because errors are reported in that language too.
func languageFlag() lab.Knob {
	return lab.NewChoice("lang", "auto", string(i18n.Spanish), string(i18n.English))
}

// progressFlag names the file of the progress in the course.
func progressFlag() lab.Knob { return lab.NewText("progress", "") }

// seedFlag: the same seed gives the same draws.
func seedFlag() lab.Knob { return lab.NewInt("seed", 1, 0, 1<<31-1) }

func formatFlag() lab.Knob { return lab.NewChoice("format", "text", formatJSON) }

const formatJSON = "json"

// wantsJSON reports whether --format asks for JSON.
func (c *call) wantsJSON() bool { return c.flags.Text("format") == formatJSON }

func themeFlags() []lab.Knob {
	return []lab.Knob{
		lab.NewChoice("theme", "auto", "dark", "light"),
		lab.NewChoice("glyphs", theme.Auto.String(), theme.Blocks.String(), theme.Braille.String(), theme.ASCII.String()),
		lab.NewBool("ascii", false),
		lab.NewBool("reduced-motion", false),
	}
}

// brokerFlags choose where the brokers are.
func brokerFlags() []lab.Knob {
	flags := []lab.Knob{lab.NewChoice("brokers", "embedded", "local")}
	for _, kind := range kinds() {
		flags = append(flags, lab.NewText(urlFlag(kind), ""))
	}
	return flags
}

// kinds are the kinds of brokers in the order in which they are shown.
func kinds() []string { return []string{lab.AMQP, lab.Redis, lab.Kafka} }

// checkAddresses refuses flags that name no place to listen.
func (c *call) checkAddresses(ids ...string) error {
	for _, id := range ids {
		value := c.flags.Text(id)
		_, port, err := net.SplitHostPort(value)
		if n, bad := strconv.Atoi(port); err != nil || bad != nil || n < 0 || n > 65535 {
			return usageError{&lab.KnobError{Knob: id, Value: value, Allowed: c.text.T("cli.error.address")}}
		}
	}
	return nil
}
