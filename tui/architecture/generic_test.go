package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"resilab/labs"
)

// generic are the folders whose code works for any lab.
var generic = []string{
	"labs/lab", "labs/kit", "labs/clock", "labs/labtest", "labs/course", "labs/i18n", "labs/textfile",
	"tui/cli", "tui/app", "tui/card", "tui/widget", "tui/theme", "tui/pane/generic", "tui/sshd", "tui/state",
}

// Generic code names no lab: neither by its id nor by its packages. The registries
// (labs, tui/panes) do.
func TestGenericCodeNamesNoLab(t *testing.T) {
	ids := labs.All().IDs(nil)
	if len(ids) < 3 {
		t.Fatalf("labs %v", ids)
	}
	for _, folder := range generic {
		root := filepath.Join("..", "..", filepath.FromSlash(folder))
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			checkNamesNoLab(t, path, ids)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// checkNamesNoLab looks at every string of a file, the imports included.
func checkNamesNoLab(t *testing.T, path string, ids []string) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(lit.Value)
		if err != nil {
			return true
		}
		parts := strings.FieldsFunc(text, func(r rune) bool { return r == '/' || r == '.' || r == '|' })
		for _, id := range ids {
			if slices.Contains(parts, id) {
				t.Errorf("%s names the lab %s: %s", files.Position(lit.Pos()), id, lit.Value)
			}
		}
		return true
	})
}
