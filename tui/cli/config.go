package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"resilab/labs/i18n"
	"resilab/labs/textfile"
	"resilab/tui/app"
)

// config is what the config file says, by flag.
type config map[string]setting

// setting is one line of the config file.
type setting struct{ value, where string }

// configNames are the names that the config file may have.
func configNames() []string { return []string{"config.yaml", "config.yml"} }

// readConfig reads the config file in resilab's folder of the user's
// configuration, if there is one.
func readConfig(ctx context.Context, getenv func(string) string) (config, error) {
	dir, err := configDir(getenv)
	if err != nil {
		return nil, nil // no home: nothing to read
	}
	var found []string
	for _, name := range configNames() {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			found = append(found, path)
		}
	}
	switch len(found) {
	case 0:
		return nil, nil // none, or in a folder that this user may not read
	case 1:
	default:
		return nil, &wordedError{"cli.error.config_two", []any{found[0], found[1]}}
	}
	text, err := textfile.Read(ctx, found[0])
	if err != nil {
		return nil, err
	}
	return parseConfig(found[0], text)
}

func parseConfig(path, text string) (config, error) {
	file, err := parser.ParseBytes([]byte(text), 0)
	if err != nil {
		return nil, &wordedError{"cli.error.config_yaml", []any{path, oneLine(err.Error())}}
	}
	all := config{}
	for _, doc := range file.Docs {
		if err := all.add(path, doc.Body); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (all config) add(path string, node ast.Node) error {
	var pairs []*ast.MappingValueNode
	switch n := node.(type) {
	case nil, *ast.NullNode, *ast.CommentGroupNode:
		return nil
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		return &wordedError{"cli.error.config_form", []any{fmt.Sprintf("%s:%d", path, node.GetToken().Position.Line)}}
	}
	for _, p := range pairs {
		key := p.Key.GetToken()
		where := fmt.Sprintf("%s:%d", path, key.Position.Line)
		if key.Value == keysKey {
			if err := all.addKeys(path, where, p.Value); err != nil {
				return err
			}
			continue
		}
		if !isOfSurroundings(key.Value) {
			return &wordedError{"cli.error.config_key", []any{where, key.Value, strings.Join(surroundingNames(), " ")}}
		}
		switch p.Value.(type) {
		case *ast.NullNode:
			continue // an empty value is not a value
		case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
			return &wordedError{"cli.error.config_form", []any{where}}
		}
		if value := p.Value.GetToken().Value; value != "" {
			all[key.Value] = setting{value, where + ": " + key.Value}
		}
	}
	return nil
}

// keysKey is the key of the config file below which actions have keys: no flag
// has its name.
const keysKey = "keys"

// addKeys adds the lines below keys: "pause: p".
func (all config) addKeys(path, where string, node ast.Node) error {
	var pairs []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.NullNode:
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		return &wordedError{"cli.error.config_form", []any{where}}
	}
	for _, p := range pairs {
		action := p.Key.GetToken()
		all[keysKey+"."+action.Value] = setting{p.Value.GetToken().Value, fmt.Sprintf("%s:%d", path, action.Position.Line)}
	}
	return nil
}

// keymap returns the keys of the screen, some of which the config file changes.
func (all config) keymap(text *i18n.Catalogue) (app.Keymap, error) {
	keys := map[string]string{}
	for id, s := range all {
		if action, ok := strings.CutPrefix(id, keysKey+"."); ok {
			keys[action] = s.value
		}
	}
	m, err := app.NewKeymap(keys)
	var wrong *app.KeyError
	if errors.As(err, &wrong) {
		return m, &wordedError{"cli.error.config_keys", []any{all[keysKey+"."+wrong.Action].where, wrong.Text(text)}}
	}
	return m, err
}

// configDir is where resilab keeps its config file, and a server its host key.
func configDir(getenv func(string) string) (string, error) {
	return userDir(getenv, "XDG_CONFIG_HOME", ".config")
}

// stateDir is where resilab keeps the progress in the course.
func stateDir(getenv func(string) string) (string, error) {
	return userDir(getenv, "XDG_STATE_HOME", filepath.Join(".local", "state"))
}

// userDir returns the folder of a variable of the XDG Base Directory
// Specification, else the one in the home folder that is its default, else, as on
// Windows, the system's folder for configurations.
func userDir(getenv func(string) string, name, inHome string) (string, error) {
	if dir := getenv(name); dir != "" {
		return filepath.Join(dir, "resilab"), nil
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, inHome, "resilab"), nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("finding the configuration folder: %w", err)
	}
	return filepath.Join(dir, "resilab"), nil
}

// wantedLanguage finds the language in the arguments, the environment or the
// config file. A wrong value is refused when the flags are read.
func wantedLanguage(w World, c config) i18n.Lang {
	lang := i18n.DetectEnv(w.Getenv)
	wanted := c["lang"].value
	if v := w.Getenv(variable("lang")); v != "" {
		wanted = v
	}
	if v := flagIn(w.Args, "lang"); v != "" {
		wanted = v
	}
	if l, err := i18n.ParseLang(wanted); err == nil {
		return l
	}
	return lang
}
