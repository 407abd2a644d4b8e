package cli

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"resilab/brokers/brokertest"
	"resilab/labs"
	"resilab/labs/i18n"
)

// printedBy runs a command of the program and returns what it prints.
func printedBy(t *testing.T, args ...string) string {
	t.Helper()
	var out, complaints bytes.Buffer
	code := Main(context.Background(), World{Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &complaints,
		Getenv: func(string) string { return "" }, Labs: labs.All()})
	if code != exitOK {
		t.Fatalf("resilab %s: exit %d: %s", strings.Join(args, " "), code, &complaints)
	}
	return out.String()
}

// shell returns the path of a shell, or skips the test.
func shell(t *testing.T, name string) string {
	path, err := exec.LookPath(name)
	if err != nil {
		brokertest.Unavailable(t, err)
	}
	return path
}

// completeInBash sets the variables that bash sets when a person presses tab, and
// calls the function that complete names. The words are separated by spaces.
const completeInBash = `
declared=$(complete -p resilab)
function=${declared#*-F }; function=${function%% *}
while IFS= read -r line; do
  COMP_WORDS=(); COMPREPLY=()
  IFS=' ' read -r -a COMP_WORDS <<< "$line"
  if [[ $line == *' ' ]]; then COMP_WORDS+=(''); fi
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_LINE=$line; COMP_POINT=${#line}
  $function resilab "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
  echo "${COMPREPLY[*]}"
done
`

func TestBashCompletes(t *testing.T) {
	bash := shell(t, "bash")
	cases := []struct{ line, want string }{
		{"resilab ru", "run"},
		{"resilab run ", "retry convoy cacheaside"},
		{"resilab run c", "convoy cacheaside"},
		{"resilab run retry --retri", "--retries"},
		{"resilab run convoy --retri", ""},
		{"resilab run retry --jitter ", "none full equal decorrelated percent jpillora randomize"},
		{"resilab run retry --jitter = fu", "full"},
		{"resilab run retry --retries ", ""},
		{"resilab run --jitter full retry --pres", "--preset"},
		{"resilab run retry --idempotency --clas", "--classify"},
		{"resilab export retry --t", "--to"},
		{"resilab course ver", "verify"},
		{"resilab completion ", "bash zsh fish"},
		{"resilab --lab c", "convoy cacheaside"},
		{"resilab --tt", "--ttl --ttl-jitter"},
		{"resilab help doc", "doctor"},
		{"resilab serve --class", "--class-code"},
	}
	var lines strings.Builder
	for _, c := range cases {
		lines.WriteString(c.line + "\n")
	}
	cmd := exec.CommandContext(t.Context(), bash, "--norc", "-c", printedBy(t, "completion", "bash")+completeInBash)
	cmd.Stdin = strings.NewReader(lines.String())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got := strings.Split(string(out), "\n")
	if len(got) != len(cases)+1 {
		t.Fatalf("%d answers to %d lines:\n%s", len(got)-1, len(cases), out)
	}
	for i, c := range cases {
		if got[i] != c.want {
			t.Errorf("%q is completed with %q, want %q", c.line, got[i], c.want)
		}
	}
}

// A path is completed where text is wanted.
func TestBashCompletesPaths(t *testing.T) {
	bash := shell(t, "bash")
	dir := t.TempDir()
	script := printedBy(t, "completion", "bash") + completeInBash
	cmd := exec.CommandContext(t.Context(), bash, "--norc", "-c", "touch "+filepath.Join(dir, "kept.json")+"\n"+script)
	cmd.Stdin = strings.NewReader("resilab compare " + dir + "/ke\nresilab --a " + dir + "/ke\n")
	out, err := cmd.CombinedOutput()
	if want := strings.Repeat(dir+"/kept.json\n", 2); err != nil || string(out) != want {
		t.Errorf("%v: %q, want %q", err, out, want)
	}
}

// Every shell that is there can read its completion, in both languages.
func TestShellsReadTheirCompletion(t *testing.T) {
	for _, name := range shells() {
		for _, lang := range i18n.Langs() {
			t.Run(name+"/"+string(lang), func(t *testing.T) {
				cmd := exec.CommandContext(t.Context(), shell(t, name), "-n")
				cmd.Stdin = strings.NewReader(printedBy(t, "completion", name, "--lang", string(lang)))
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%v: %s", err, out)
				}
			})
		}
	}
}

// What completions and manual are made from: no command takes a flag twice, and
// every flag of theirs and of every lab is explained in both languages.
func TestEveryFlagIsExplained(t *testing.T) {
	for _, lang := range i18n.Langs() {
		text, err := catalogue(labs.All(), lang)
		if err != nil {
			t.Fatal(err)
		}
		set := commandSet{labs: labs.All(), text: text}
		for _, x := range set.syntaxes() {
			var seen []string
			for _, k := range x.flags {
				if slices.Contains(seen, k.ID) {
					t.Errorf("resilab %s declares --%s twice", x.at(), k.ID)
				}
				seen = append(seen, k.ID)
				if set.flagHelp(x.command, x.lab, k) == "" {
					t.Errorf("%s: resilab %s does not explain --%s", lang, x.at(), k.ID)
				}
			}
		}
	}
}

// The manual page names every command and every setting, and man can show it.
func TestManual(t *testing.T) {
	page := printedBy(t, "man")
	set := commandSet{labs: labs.All()}
	for _, cmd := range set.all() {
		if !strings.Contains(page, fmt.Sprintf(".SS %q\n", escaped(cmd.usage()))) {
			t.Errorf("the manual has no %s", cmd.usage())
		}
	}
	for _, e := range labs.All() {
		for _, k := range e.Spec.Knobs {
			if !strings.Contains(page, escaped("--"+k.ID)) {
				t.Errorf("the manual has no --%s", k.ID)
			}
		}
	}
	man := exec.CommandContext(t.Context(), shell(t, "groff"), "-man", "-Tutf8", "-ww", "-z", "-k")
	man.Stdin = strings.NewReader(page)
	if out, err := man.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v: %s", err, out)
	}
}

// A package that is built without a repository names its version by the linker.
func TestVersionOfAPackage(t *testing.T) {
	var out bytes.Buffer
	w := World{Args: []string{"--version"}, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Getenv: func(string) string { return "" },
		Labs: labs.All(), Version: "v1.2.3"}
	if code := Main(t.Context(), w); code != 0 || !strings.HasPrefix(out.String(), "resilab v1.2.3 ") {
		t.Errorf("exit %d: %s", code, &out)
	}
}
