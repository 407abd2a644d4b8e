package export_test

import (
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"resilab/brokers/brokertest"
	"resilab/brokers/redis"
	"resilab/labs/cacheaside"
	"resilab/labs/cacheaside/export"
	"resilab/labs/i18n"
	"resilab/labs/lab"
)

// each calls do for every strategy and every invalidation at least once.
func each(t *testing.T, do func(t *testing.T, s lab.Settings)) {
	strategy, _ := cacheaside.Spec().Knob("strategy")
	for i, word := range strategy.Choices {
		t.Run(word, func(t *testing.T) { do(t, settingsOf(i)) })
	}
}

// settingsOf returns settings with the strategy of that number.
func settingsOf(i int) lab.Settings {
	strategy, _ := cacheaside.Spec().Knob("strategy")
	invalidate, _ := cacheaside.Spec().Knob("invalidate")
	return cacheaside.Spec().Defaults().With("strategy", lab.ChoiceValue(strategy.Choices[i])).
		With("invalidate", lab.ChoiceValue(invalidate.Choices[i%len(invalidate.Choices)])).
		With("negative-ttl", lab.DurationValue(1e9)).With("ttl-jitter", lab.FractionValue(0.1))
}

// want is what a program prints, by the invalidation of its settings.
func want(s lab.Settings) string {
	last := "1 database Laptop 999.5"
	switch s.Text("invalidate") {
	case "none":
		last = "1 cache Laptop 1200"
	case "write-through":
		last = "1 cache Laptop 999.5"
	}
	return "1 database Laptop 1200\n1 cache Laptop 1200\n99 Producto no encontrado\n" + last + "\n"
}

func code(t *testing.T, target string, s lab.Settings) string {
	t.Helper()
	program, err := export.Code(i18n.Spanish, target, s)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

func startRedis(t *testing.T) string {
	t.Helper()
	e, err := redis.StartEmbedded("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e.URL()
}

// run runs a program and compares what it prints.
func run(t *testing.T, s lab.Settings, cmd *exec.Cmd) {
	t.Helper()
	cmd.Env = append(os.Environ(), "REDIS_URL="+startRedis(t))
	out, err := cmd.CombinedOutput()
	if err != nil || string(out) != want(s) {
		t.Errorf("%v\nit prints\n%s\nnot\n%s", err, out, want(s))
	}
}

// The programs in Go become packages of one program, because linking takes longer
// than everything else.
func TestGoPrograms(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("testdata", "program-") // within the module, which has the libraries, and not one of its packages
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	var imports, cases strings.Builder
	strategy, _ := cacheaside.Spec().Knob("strategy")
	programs := map[string]lab.Settings{}
	for i, word := range strategy.Choices {
		programs[word] = settingsOf(i)
		program := code(t, "go", programs[word])
		if _, err := format.Source([]byte(program)); err != nil {
			t.Fatalf("%v\n%s", err, program)
		}
		write(t, filepath.Join(dir, word, "main.go"), asPackage(program))
		fmt.Fprintf(&imports, "p%d %q\n", i, "resilab/labs/cacheaside/export/"+filepath.ToSlash(filepath.Join(dir, word)))
		fmt.Fprintf(&cases, "case %q: p%d.Main()\n", word, i)
	}
	file := filepath.Join(dir, "all", "main.go")
	write(t, file, "package main\nimport (\n\"os\"\n"+imports.String()+")\nfunc main() { switch os.Args[1] {\n"+cases.String()+"} }\n")
	bin := filepath.Join(t.TempDir(), "programs")
	if out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", bin, file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for word, s := range programs {
		t.Run(word, func(t *testing.T) { run(t, s, exec.Command(bin, word)) })
	}
}

// asPackage makes a package of a program.
func asPackage(program string) string {
	program = strings.Replace(program, "package main\n", "package program\n", 1)
	return strings.Replace(program, "\nfunc main() {", "\n// Main is the program.\nfunc Main() {", 1)
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestNodePrograms(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		brokertest.Unavailable(t, err)
	}
	client, err := os.ReadFile("testdata/redis.mjs")
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, s lab.Settings) {
		t.Parallel()
		dir := t.TempDir()
		module := filepath.Join(dir, "node_modules", "redis")
		for name, text := range map[string]string{
			filepath.Join(module, "index.mjs"):    string(client),
			filepath.Join(module, "package.json"): `{"name":"redis","main":"index.mjs","type":"module"}`,
			filepath.Join(dir, "cache.mjs"):       code(t, "node", s),
		} {
			write(t, name, text)
		}
		run(t, s, exec.Command(node, filepath.Join(dir, "cache.mjs")))
	})
}

func TestPythonProgramsCompile(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		brokertest.Unavailable(t, err)
	}
	each(t, func(t *testing.T, s lab.Settings) {
		t.Parallel()
		cmd := exec.Command(python, "-c", "import ast, sys; ast.parse(sys.stdin.read())")
		cmd.Stdin = strings.NewReader(code(t, "python", s))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

func TestBothLanguagesAndNoOther(t *testing.T) {
	s := cacheaside.Spec().Defaults().With("invalidate", lab.ChoiceValue("versioned"))
	for _, target := range export.Targets() {
		es, err := export.Code(i18n.Spanish, target, s)
		en, err2 := export.Code(i18n.English, target, s)
		if err != nil || err2 != nil || !strings.Contains(es, "se borra después de escribir") || !strings.Contains(en, "deleted after the write") {
			t.Errorf("%s: %v, %v\n%s", target, err, err2, fmt.Sprintf("%.300s", en))
		}
	}
	if _, err := export.Code(i18n.Spanish, "cobol", s); err == nil {
		t.Error("a program in COBOL")
	}
}
