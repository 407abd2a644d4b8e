package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Limits of what a reader has to keep in mind at once.
const (
	maxFunction    = 50 // lines
	maxFunctionP90 = 20 // lines, for nine functions of ten
	maxMethods     = 25 // of a type
	maxFields      = 15 // of a struct
)

// source is one parsed file outside tests.
type source struct {
	path string
	file *ast.File
}

// sources parses the module's files except tests.
func sources(t *testing.T) (*token.FileSet, []source) {
	t.Helper()
	fset := token.NewFileSet()
	var all []source
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		all = append(all, source{path: filepath.ToSlash(name), file: f})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 100 {
		t.Fatalf("only %d files found", len(all))
	}
	return fset, all
}

func TestFunctionsAreShort(t *testing.T) {
	fset, all := sources(t)
	var lengths []int
	for _, s := range all {
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			lines := fset.Position(f.End()).Line - fset.Position(f.Pos()).Line + 1
			lengths = append(lengths, lines)
			if lines > maxFunction {
				t.Errorf("%s: %s has %d lines, at most %d", s.path, f.Name.Name, lines, maxFunction)
			}
		}
	}
	slices.Sort(lengths)
	if p90 := lengths[len(lengths)*9/10]; p90 > maxFunctionP90 {
		t.Errorf("one function of ten has more than %d lines, the limit is %d", p90, maxFunctionP90)
	}
}

// receiver returns the name of the type that a method belongs to; "" for functions.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	expr := f.Recv.List[0].Type
	for {
		switch e := expr.(type) {
		case *ast.StarExpr:
			expr = e.X
		case *ast.IndexExpr:
			expr = e.X
		case *ast.IndexListExpr:
			expr = e.X
		case *ast.Ident:
			return e.Name
		default:
			return ""
		}
	}
}

func TestTypesAreSmall(t *testing.T) {
	_, all := sources(t)
	methods, fields := map[string]int{}, map[string]int{}
	for _, s := range all {
		dir := filepath.ToSlash(filepath.Dir(s.path))
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if name := receiver(n); name != "" {
					methods[dir+"."+name]++
				}
			case *ast.TypeSpec:
				if st, ok := n.Type.(*ast.StructType); ok {
					for _, f := range st.Fields.List {
						fields[dir+"."+n.Name.Name] += max(1, len(f.Names))
					}
				}
			}
			return true
		})
	}
	check := func(what string, counts map[string]int, most int) {
		for name, n := range counts {
			if n > most {
				t.Errorf("%s has %d %s, at most %d", name, n, what, most)
			}
		}
	}
	check("methods", methods, maxMethods)
	check("fields", fields, maxFields)
}

func TestExportedNamesAreDocumented(t *testing.T) {
	_, all := sources(t)
	packages := map[string]bool{}
	interfaces := map[string][]string{} // methods, by folder
	for _, s := range all {
		dir := filepath.ToSlash(filepath.Dir(s.path))
		packages[dir] = packages[dir] || s.file.Doc != nil
		interfaces[dir] = append(interfaces[dir], interfaceMethods(s.file)...)
	}
	for _, s := range all {
		implements := interfaces[filepath.ToSlash(filepath.Dir(s.path))]
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if ok && f.Recv != nil && slices.Contains(implements, f.Name.Name) {
				continue // the interface says what it does
			}
			for _, name := range undocumented(d) {
				t.Errorf("%s: %s has no doc comment", s.path, name)
			}
		}
	}
	for dir, documented := range packages {
		if !documented {
			t.Errorf("package %s has no package comment", dir)
		}
	}
}

// interfaceMethods returns the methods of the interfaces that a file declares.
func interfaceMethods(file *ast.File) (names []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		if i, ok := n.(*ast.InterfaceType); ok {
			for _, m := range i.Methods.List {
				for _, name := range m.Names {
					names = append(names, name.Name)
				}
			}
		}
		return true
	})
	return names
}

// undocumented returns the exported names of a declaration without a comment.
// The methods that make an error or a Stringer of a type need none.
func undocumented(d ast.Decl) (names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		plain := d.Recv != nil && slices.Contains([]string{"Error", "Unwrap", "String"}, name)
		hidden := d.Recv != nil && !ast.IsExported(receiver(d))
		if d.Name.IsExported() && d.Doc == nil && !plain && !hidden {
			names = append(names, name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			names = append(names, undocumentedSpec(d, spec)...)
		}
	}
	return names
}

func undocumentedSpec(d *ast.GenDecl, spec ast.Spec) (names []string) {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		if s.Name.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
			names = append(names, s.Name.Name)
		}
	case *ast.ValueSpec:
		for _, n := range s.Names {
			if n.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
				names = append(names, n.Name)
			}
		}
	}
	return names
}
