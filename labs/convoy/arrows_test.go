package convoy

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rooms are the packages inside the lab with the rooms that they may use.
var rooms = map[string][]string{
	"":          {"accounts", "consumer", "ledger", "orders", "producer", "routing", "topology", "transport", "export"},
	"accounts":  {"ledger", "orders", "transport"},
	"consumer":  {"transport"},
	"export":    {},
	"ledger":    {},
	"orders":    {"transport"},
	"producer":  {"transport"},
	"routing":   {},
	"topology":  {"routing", "transport"},
	"transport": {},
}

// TestArrowsRunDown: the lab uses its rooms, and no room uses the lab or one above
// it.
func TestArrowsRunDown(t *testing.T) {
	const lab = "resilab/labs/convoy"
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		room := strings.TrimPrefix(strings.TrimPrefix(words[0], lab), "/")
		allowed, known := rooms[room]
		if !known {
			t.Errorf("room %q has no place in the drawing", room)
		}
		for _, used := range words[1:] {
			if used == lab {
				t.Errorf("%s uses the lab itself", room)
			}
			if other, inside := strings.CutPrefix(used, lab+"/"); inside && !slices.Contains(allowed, other) {
				t.Errorf("%q uses %q", room, other)
			}
		}
	}
}

// TestNothingIsTooLarge: functions of at most 50 lines, types of at most 25 methods
// and 15 fields.
func TestNothingIsTooLarge(t *testing.T) {
	methods := map[string]int{}
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if lines := set.Position(n.End()).Line - set.Position(n.Pos()).Line + 1; lines > 50 {
					t.Errorf("%s: %s has %d lines", path, n.Name.Name, lines)
				}
				if n.Recv != nil {
					methods[filepath.Dir(path)+" "+receiver(n.Recv.List[0].Type)]++
				}
			case *ast.StructType:
				if fields := n.Fields.NumFields(); fields > 15 {
					t.Errorf("%s: a type has %d fields", set.Position(n.Pos()), fields)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, n := range methods {
		if n > 25 {
			t.Errorf("%s has %d methods", name, n)
		}
	}
}

func receiver(x ast.Expr) string {
	if star, ok := x.(*ast.StarExpr); ok {
		x = star.X
	}
	if name, ok := x.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}
