package cli

import (
	"net"
	"strconv"

	"resilab/brokers"
	"resilab/labs/lab"
)

// values are what a command was called with.
type values struct {
	args    []string // what is not a flag
	flags   lab.Settings
	origins map[string]string // of the flags that are set: "--lang", "RESILAB_LANG", "config.yaml:3: lang"
}

// isGiven reports whether a flag is set: on the command line, in the environment
// or in the config file.
func (v values) isGiven(id string) bool { return v.origins[id] != "" }

// origin says where a flag's value came from; a default counts as the flag's.
func (v values) origin(id string) string {
	if where := v.origins[id]; where != "" {
		return where
	}
	return "--" + id
}

// noArgs refuses words that a command has no use for.
func (v values) noArgs() error { return v.atMostArgs(0) }

func (v values) atMostArgs(n int) error {
	if len(v.args) > n {
		return usageError{&wordedError{key: "cli.error.argument", args: []any{v.args[n]}}}
	}
	return nil
}

// seed is that of --seed.
func (v values) seed() uint64 { return uint64(v.flags.Int("seed")) }

// wantsJSON reports whether --format asks for JSON.
func (v values) wantsJSON() bool { return v.flags.Text("format") == formatJSON }

// settings are a lab's settings: what was given, bundles resolved, the rest as
// declared. The error is a usageError.
func (v values) settings(spec *lab.Spec) (lab.Settings, error) { return v.turned(spec, nil) }

// turned returns settings with those that were given instead, bundles resolved; nil
// stands for the defaults. The error is a usageError.
func (v values) turned(spec *lab.Spec, settings lab.Settings) (lab.Settings, error) {
	if settings == nil {
		settings = spec.Defaults()
	}
	given := lab.Settings{}
	for _, k := range spec.Knobs {
		if value, ok := v.flags[k.ID]; ok && v.isGiven(k.ID) {
			given[k.ID] = value
		}
	}
	all := spec.TurnAll(settings, given)
	if err := spec.Check(all); err != nil {
		return nil, usageError{err}
	}
	return all, nil
}

// brokerChoice reads --brokers and the flags with an address; an address wins.
func (v values) brokerChoice() brokers.Choice {
	choice := brokers.Choice{URLs: map[string]string{}}
	if v.flags.Text("brokers") == "local" {
		choice = brokers.Local()
	}
	for _, kind := range kinds() {
		if url := v.flags.Text(urlFlag(kind)); url != "" {
			choice.URLs[kind] = url
		}
	}
	return choice
}

// checkAddresses refuses flags that name no place to listen.
func (v values) checkAddresses(ids ...string) error {
	for _, id := range ids {
		value := v.flags.Text(id)
		_, port, err := net.SplitHostPort(value)
		if n, bad := strconv.Atoi(port); err != nil || bad != nil || n < 0 || n > 65535 {
			return usageError{&addressError{flag: id, value: value}}
		}
	}
	return nil
}
