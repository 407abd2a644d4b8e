package cli

import (
	"context"
	"runtime"
	"runtime/debug"
	"strings"

	"resilab/labs/lab"
)

// build says which program this is, as recorded when it was built.
type build struct {
	version string // of the module, such as v1.2.0; "(devel)" outside a release
	commit  string // of the repository; empty: not recorded
	changed bool   // the files differed from the commit
	golang  string
}

// thisBuild reads what is recorded in the program. given is the version that stands
// for a missing one.
func thisBuild(given string) build {
	b := build{version: "(unknown)", golang: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if b.version = info.Main.Version; given != "" && (b.version == "" || b.version == "(devel)") {
		b.version = given
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.commit = s.Value[:min(12, len(s.Value))]
		case "vcs.modified":
			b.changed = s.Value == "true"
		}
	}
	return b
}

// String returns the facts in one line.
func (b build) String() string {
	return strings.Join(strings.Fields(b.version+" "+b.source()+" "+b.golang), " ")
}

// source is the commit, with a + where files were changed since.
func (b build) source() string {
	if b.changed {
		return b.commit + "+"
	}
	return b.commit
}

// program names the program with its version.
func (w World) program() string { return "resilab " + thisBuild(w.Version).String() }

// runVersion prints version, commit and Go, one a line.
func runVersion(_ context.Context, c *call) error {
	if err := c.in.noArgs(); err != nil {
		return err
	}
	b := thisBuild(c.world.Version)
	var t lab.Table
	t.Title("resilab " + b.version)
	if b.commit != "" {
		t.Row("commit", b.source())
	}
	t.Row("Go", strings.TrimPrefix(b.golang, "go"))
	t.Row(c.text.T("cli.version.system"), runtime.GOOS+"/"+runtime.GOARCH)
	return c.out.table(t)
}
