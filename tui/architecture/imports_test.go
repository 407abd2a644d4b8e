package architecture

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

type goPackage struct {
	ImportPath string
	Imports    []string
}

// listPackages asks the go command for the module's packages and what they import.
func listPackages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []goPackage
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// Imports run one way: main → tui → labs → brokers. Labs and brokers import
// no screen. Of the brokers, tui imports only the package that opens them.
func TestImportsRunOneWay(t *testing.T) {
	forbidden := map[string][]string{
		"resilab/brokers": {"resilab/labs", "resilab/tui", "github.com/charmbracelet/", "charm.land/"},
		"resilab/labs":    {"resilab/tui", "github.com/charmbracelet/", "charm.land/"},
		"resilab/tui":     {"resilab/brokers/", "github.com/rabbitmq/", "github.com/redis/", "github.com/twmb/"},
	}
	packages := listPackages(t)
	if len(packages) < 10 {
		t.Fatalf("only %d packages listed", len(packages))
	}
	for _, p := range packages {
		for layer, banned := range forbidden {
			if p.ImportPath != layer && !strings.HasPrefix(p.ImportPath, layer+"/") {
				continue
			}
			for _, imp := range p.Imports {
				for _, b := range banned {
					if !strings.HasSuffix(b, "/") && imp == b || strings.HasPrefix(imp, strings.TrimSuffix(b, "/")+"/") {
						t.Errorf("%s imports %s", p.ImportPath, imp)
					}
				}
			}
		}
	}
}
