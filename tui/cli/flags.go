package cli

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/pflag"

	"resilab/labs/i18n"
	"resilab/labs/lab"
)

// call is one invocation of a command with its flags read.
type call struct {
	World
	text    *i18n.Catalogue
	command string
	args    []string // what is not a flag
	flags   lab.Settings
	given   map[string]bool // flags that were set by somebody, wherever
}

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

// parse reads args; a flag that is not given comes from RESILAB_<FLAG> in the
// environment, else from the config file, else it has its default.
func (c *call) parse(knobs []lab.Knob, args []string) (wantsHelp bool, err error) {
	set := pflag.NewFlagSet(c.command, pflag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.BoolVarP(&wantsHelp, "help", "h", false, "")
	values := map[string]*flagValue{}
	for _, k := range knobs {
		v := &flagValue{knob: k, value: k.Default}
		values[k.ID] = v
		f := set.VarPF(v, k.ID, "", "")
		if k.Kind == lab.Bool {
			f.NoOptDefVal = "true"
		}
	}
	if err := set.Parse(joinSwitches(args, knobs)); err != nil {
		return false, c.flagError(err, set)
	}
	config, err := readConfig(c.Getenv)
	if err != nil {
		return false, err
	}
	c.args, c.flags, c.given = set.Args(), lab.Settings{}, map[string]bool{}
	for id, v := range values {
		c.given[id] = set.Changed(id)
		if preset, ok := outside(c.Getenv, config, id); ok && !c.given[id] && isOfSurroundings(id) {
			if err := v.Set(preset); err != nil {
				return false, err
			}
			c.given[id] = true
		}
		c.flags[id] = v.value
	}
	return wantsHelp, nil
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
		var names []string
		set.VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
		name := unknown.GetSpecifiedName()
		if short := unknown.GetSpecifiedShortnames(); short != "" {
			name = "-" + short
		} else {
			name = "--" + name
		}
		return errors.New(c.text.T("cli.error.flag", name, c.command, strings.Join(names, " ")))
	case errors.As(err, &noValue):
		return errors.New(c.text.T("cli.error.novalue", "--"+noValue.GetFlag().Name, noValue.GetFlag().Value.Type()))
	}
	return err
}

// outside looks a flag up in the environment, then in the config file.
func outside(getenv func(string) string, config map[string]string, id string) (string, bool) {
	if v := getenv("RESILAB_" + strings.ToUpper(strings.ReplaceAll(id, "-", "_"))); v != "" {
		return v, true
	}
	v, ok := config[id]
	return v, ok
}

// surroundings are the flags that describe a person's place rather than one
// run. Only they are taken from outside, so that a run's settings are always on
// its command line.
func surroundings() []lab.Knob {
	flags := []lab.Knob{languageFlag(), progressFlag()}
	return append(append(flags, themeFlags()...), brokerFlags()...)
}

func isOfSurroundings(id string) bool {
	return slices.ContainsFunc(surroundings(), func(k lab.Knob) bool { return k.ID == id })
}

// readConfig reads config.yaml in resilab's folder of the user's
// configuration, if there is one.
func readConfig(getenv func(string) string) (map[string]string, error) {
	dir, err := configDir(getenv)
	if err != nil {
		return nil, nil // no home: nothing to read
	}
	path := filepath.Join(dir, "config.yaml")
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the config file: %w", err)
	}
	var raw map[string]any
	if err := yaml.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("reading the config file %s: %s", path, oneLine(err.Error()))
	}
	config := make(map[string]string, len(raw))
	for k, v := range raw {
		if !isOfSurroundings(k) {
			return nil, fmt.Errorf("config file %s: %q is not a setting of resilab", path, k)
		}
		config[k] = fmt.Sprint(v)
	}
	return config, nil
}

// configDir is where resilab keeps its config file, progress and host key.
func configDir(getenv func(string) string) (string, error) {
	if dir := getenv("XDG_CONFIG_HOME"); dir != "" {
		return filepath.Join(dir, "resilab"), nil
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, ".config", "resilab"), nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("finding the configuration folder: %w", err)
	}
	return filepath.Join(dir, "resilab"), nil
}

// languageFlag is declared by every command; it is read before all others,
// because errors are told in that language too.
func languageFlag() lab.Knob {
	return lab.NewChoice("lang", "auto", string(i18n.Spanish), string(i18n.English))
}

// loadTexts finds the language in the arguments, the environment or the
// config file and loads its catalogue.
func loadTexts(w World) (*i18n.Catalogue, error) {
	lang := i18n.DetectEnv(w.Getenv)
	wanted := ""
	if config, err := readConfig(w.Getenv); err == nil {
		wanted, _ = outside(w.Getenv, config, "lang")
	}
	for i, a := range w.Args {
		if v, ok := strings.CutPrefix(a, "--lang="); ok {
			wanted = v
		} else if a == "--lang" && i+1 < len(w.Args) {
			wanted = w.Args[i+1]
		}
	}
	if l, err := i18n.ParseLang(wanted); err == nil {
		lang = l // a wrong value is refused when the flags are read
	}
	return Catalogue(lang)
}

// progressFlag names the file of the progress in the course.
func progressFlag() lab.Knob { return lab.NewText("progress", "") }

// seedFlag: the same seed gives the same draws.
func seedFlag() lab.Knob { return lab.NewInt("seed", 1, 0, 1<<31-1) }

func formatFlag() lab.Knob { return lab.NewChoice("format", "text", "json") }

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

// brokerFlags choose where the brokers are.
func brokerFlags() []lab.Knob {
	flags := []lab.Knob{lab.NewChoice("brokers", "embedded", "local")}
	for _, kind := range kinds() {
		flags = append(flags, lab.NewText(kind+"-url", ""))
	}
	return flags
}
