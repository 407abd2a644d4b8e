package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"resilab/labs/lab"
)

// resolver finds the value of a flag that the command line does not set, and
// where it came from.
type resolver struct {
	getenv func(string) string
	config config
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

func surroundingNames() (names []string) {
	for _, k := range surroundings() {
		names = append(names, k.ID)
	}
	return names
}

// variable is the environment's name of a flag.
func variable(id string) string {
	return "RESILAB_" + strings.ToUpper(strings.ReplaceAll(id, "-", "_"))
}

// outside looks a flag up in the environment, then in the config file; where is
// empty if neither has a value.
func (r resolver) outside(id string) (value, where string) {
	if !isOfSurroundings(id) {
		return "", ""
	}
	if v := r.getenv(variable(id)); v != "" {
		return v, variable(id)
	}
	s := r.config[id]
	return s.value, s.where
}

// settle decides which of the given, the outer and the default value a flag has.
// It returns where the value came from; empty: it is the default.
func (r resolver) settle(changed bool, v *flagValue) (where string, err error) {
	id := v.knob.ID
	if isEmpty := v.knob.Kind == lab.Text && v.value.Text() == ""; changed && !isEmpty {
		where = "--" + id
	} else if outer, place := r.outside(id); place != "" {
		where = place
		if err := v.Set(outer); err != nil {
			return where, err
		}
	}
	if v.knob.Kind == lab.Text {
		if v.value.Text() == "" {
			v.value = v.knob.Default
		}
		v.value = lab.TextValue(r.expandHome(v.value.Text()))
	}
	return where, nil
}

// expandHome replaces the ~ of a path, which a shell does not do everywhere.
func (r resolver) expandHome(path string) string {
	if path != "~" && !strings.HasPrefix(path, "~/") {
		return path
	}
	home := r.getenv("HOME")
	if home == "" {
		var err error
		if home, err = os.UserHomeDir(); err != nil {
			return path
		}
	}
	return filepath.Join(home, path[1:])
}
