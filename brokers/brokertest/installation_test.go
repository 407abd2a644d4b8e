package brokertest

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestOnlyNeededPluginsAreLinked(t *testing.T) {
	installed := t.TempDir()
	scripts := filepath.Join(installed, "sbin")
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(scripts, "rabbitmq-server"), "#!/bin/sh\n")
	for name, needs := range map[string]string{
		"rabbit": "rabbit_common", "rabbit_common": "ra", "ra": "stdlib", "rabbitmq_prelaunch": "",
		"rabbitmq_consistent_hash_exchange": "rabbit", "rabbitmq_management": "rabbit, cowboy", "cowboy": "",
	} {
		write(filepath.Join(installed, "plugins", name+"-3.10.8", "ebin", name+".app"),
			"{application, "+name+", [{applications, [kernel, "+needs+"]}]}.\n")
	}
	dir := t.TempDir()
	script, err := layOutInstallation(scripts, dir)
	if err != nil {
		t.Fatal(err)
	}
	if rel, err := filepath.Rel(dir, script); err != nil || !filepath.IsLocal(rel) {
		t.Errorf("the script is %s, outside the node's folder", script)
	}
	linked, _ := filepath.Glob(filepath.Join(dir, "installation", "plugins", "*", "ebin", "*.app"))
	var names []string
	for _, path := range linked {
		names = append(names, filepath.Base(path))
	}
	want := []string{"ra.app", "rabbit.app", "rabbit_common.app", "rabbitmq_consistent_hash_exchange.app", "rabbitmq_prelaunch.app"}
	if slices.Sort(names); !slices.Equal(names, want) {
		t.Errorf("linked are %v, want %v", names, want)
	}
}

func TestAnInstallationWithoutFoldersIsUsedAsItIs(t *testing.T) {
	scripts := t.TempDir()
	want := filepath.Join(scripts, "rabbitmq-server")
	if err := os.WriteFile(want, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	want, err := filepath.EvalSymlinks(want)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := layOutInstallation(scripts, t.TempDir()); got != want || err != nil {
		t.Errorf("the script is %q, %v, want %q", got, err, want)
	}
}
