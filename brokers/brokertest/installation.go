package brokertest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// layOutInstallation makes in dir an installation of RabbitMQ with the start scripts
// of the one in bin and only the plugins that a node runs, and returns its start
// script.
//
// At its start a node looks for each of its modules in one plugin's folder after
// another. With all seventy plugins that is two fifths of the processor time of a
// start.
func layOutInstallation(bin, dir string) (script string, err error) {
	const name = "rabbitmq-server"
	script, err = filepath.EvalSymlinks(filepath.Join(bin, name))
	if err != nil {
		return "", fmt.Errorf("find RabbitMQ's start script: %w", err)
	}
	scripts := filepath.Dir(script)
	plugins := filepath.Join(filepath.Dir(scripts), "plugins")
	needed, err := neededPlugins(plugins)
	if err != nil || len(needed) == 0 { // packaged in another way: the installation as it is
		return script, err
	}
	own := filepath.Join(dir, "installation")
	if err := os.MkdirAll(filepath.Join(own, "plugins"), 0o700); err != nil {
		return "", fmt.Errorf("lay out RabbitMQ: %w", err)
	}
	// The scripts take the folder that they really are in for the installation's, so
	// they are copied.
	if err := os.CopyFS(filepath.Join(own, "sbin"), os.DirFS(scripts)); err != nil {
		return "", fmt.Errorf("lay out RabbitMQ's scripts: %w", err)
	}
	for _, folder := range needed {
		if err := os.Symlink(folder, filepath.Join(own, "plugins", filepath.Base(folder))); err != nil {
			return "", fmt.Errorf("lay out RabbitMQ's plugins: %w", err)
		}
	}
	return filepath.Join(own, "sbin", name), nil
}

// neededPlugins returns the folders of the plugins that a node runs and of every
// plugin that one of them needs; none if the plugins are not folders.
func neededPlugins(plugins string) (folders []string, err error) {
	found, _ := filepath.Glob(filepath.Join(plugins, "*", "ebin", "*.app")) // the pattern is valid
	descriptions := map[string]string{}
	for _, path := range found {
		descriptions[strings.TrimSuffix(filepath.Base(path), ".app")] = path
	}
	open := []string{"rabbit", "rabbitmq_prelaunch", "rabbitmq_consistent_hash_exchange"}
	for len(open) > 0 {
		path, ok := descriptions[open[0]]
		delete(descriptions, open[0])
		open = open[1:]
		if !ok {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read what a plugin of RabbitMQ needs: %w", err)
		}
		folders = append(folders, filepath.Dir(filepath.Dir(path)))
		// Every name in the description may be one that is needed.
		open = append(open, atom.FindAllString(string(text), -1)...)
	}
	return folders, nil
}

// atom is a name in Erlang.
var atom = regexp.MustCompile(`[a-z][a-z0-9_]*`)
