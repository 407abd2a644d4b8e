package trial

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"
	"go.uber.org/goleak"

	"resilab/brokers"
	"resilab/labs"
	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/labs/labtest"
	"resilab/tui/app"
	"resilab/tui/cli"
	"resilab/tui/pane"
	"resilab/tui/theme"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The suite that every lab passes.
func TestLab(t *testing.T) {
	labtest.Run(t, labtest.Subject{Spec: bulkheadSpec(), New: newBulkhead, Env: lab.Env{Namespace: "trial"}, InMemory: true})
}

// resilab runs the program with the trial's line in each registry.
func resilab(t *testing.T, args ...string) (out, errs string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = cli.Main(t.Context(), cli.World{
		Args: args, Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr,
		Getenv: func(name string) string {
			return map[string]string{"LANG": "en_US.UTF-8", "XDG_CONFIG_HOME": t.TempDir(), "XDG_STATE_HOME": t.TempDir()}[name]
		},
		Labs: allLabs(), Panes: allPanes(),
	})
	return stdout.String(), stderr.String(), code
}

// What the command line says of any lab it says of this one.
func TestCommandLine(t *testing.T) {
	for _, tc := range []struct {
		args  []string
		code  int
		words []string // in the output or, after a failure, in the error
	}{
		{[]string{"--help"}, 0, []string{"Bulkhead", "resilab slots", "retry, convoy, cacheaside, bulkhead"}},
		{[]string{"run", "--help"}, 0, []string{"LAB is one of retry, convoy, cacheaside, bulkhead"}},
		{[]string{"run", "bulkhead", "--help"}, 0, []string{"--slots INT", "Calls that may be under way at once", "(1..50) [2]"}},
		{[]string{"slots", "--help"}, 0, []string{"Usage: resilab slots [flags]", "calls a second (1..500) [50]"}},
		{[]string{"slots", "--rate", "20", "--work", "1s"}, 0, []string{"20 calls a second of 1 s occupy 20 slots"}},
		{[]string{"slots", "extra"}, 2, []string{`unexpected argument "extra"`}},
		{[]string{"export", "bulkhead", "--to", "semaphore", "--slots", "7"}, 0, []string{"make(chan struct{}, 7)"}},
		{[]string{"run", "bulkhead", "--for", "300ms"}, 0, []string{"Bulkhead", "slots", "share rejected"}},
		{[]string{"run", "bulkhead", "--slots", "99"}, 2, []string{`--slots: "99" is not allowed; allowed: 1..50`}},
		{[]string{"run", "nope"}, 2, []string{"allowed: retry|convoy|cacheaside|bulkhead"}},
		{[]string{"--slots", "3"}, 2, []string{"this is not a terminal", "retry|convoy|cacheaside|bulkhead"}},
		{[]string{"--slots", "99"}, 2, []string{`--slots: "99" is not allowed; allowed: 1..50`}},
	} {
		out, errs, code := resilab(t, tc.args...)
		said := out
		if tc.code != 0 {
			said = errs
		}
		said = strings.Join(strings.Fields(said), " ")
		for _, words := range tc.words {
			if code != tc.code || !strings.Contains(said, words) {
				t.Errorf("%v: exit %d, %q is not in\n%s%s", tc.args, code, words, out, errs)
			}
		}
	}
}

func TestEvidence(t *testing.T) {
	out, errs, code := resilab(t, "run", "bulkhead", "--for", "500ms", "--format", "json", "--seed", "9")
	var run struct {
		Lab     string             `json:"lab"`
		Seed    uint64             `json:"seed"`
		Brokers map[string]string  `json:"brokers"`
		Knobs   map[string]any     `json:"knobs"`
		Metrics map[string]float64 `json:"metrics"`
	}
	if err := json.Unmarshal([]byte(out), &run); err != nil || code != 0 {
		t.Fatalf("%v, exit %d\n%s%s", err, code, out, errs)
	}
	if run.Lab != "bulkhead" || run.Seed != 9 || len(run.Brokers) != 0 || run.Knobs["work"] != "100ms" || run.Metrics["calls"] == 0 {
		t.Errorf("%+v", run)
	}
}

// The screen shows the lab in the fourth tab with its knobs and its picture.
func TestScreen(t *testing.T) {
	session, err := labs.NewSession(brokers.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	exp, err := session.Experiment(entry(), labs.Setup{Seed: 1, Settings: bulkheadSpec().Complete(lab.Settings{"rate": lab.IntValue(0)})})
	if err != nil {
		t.Fatal(err)
	}
	text, err := i18n.Load(i18n.English, app.Texts, texts)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_700_000_000, 0)
	look := theme.New(theme.Options{Dark: new(true), Glyphs: theme.ASCII, Getenv: func(string) string { return "" }})
	m := app.New(app.Options{
		Labs:  []app.LabEntry{{Experiment: exp, Picture: allPanes()["bulkhead"]}},
		Texts: map[i18n.Lang]*i18n.Catalogue{i18n.English: text}, Lang: i18n.English,
		Theme: look,
		Now:   func() time.Time { return now },
	})
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := m.Close(ctx); err != nil {
			t.Error(err)
		}
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	}()
	m.Update(tea.WindowSizeMsg{Width: 100, Height: 30})
	golden.RequireEqual(t, []byte(ansi.Strip(m.View())))
	drawn := allPanes()["bulkhead"].Draw(pane.Frame{W: 20, H: 3, Theme: look, Text: text, Spec: bulkheadSpec(),
		Snap: &lab.Snapshot{Detail: "1/2"}})
	if len(drawn) != 3 || strings.TrimSpace(ansi.Strip(drawn[0])) != "1 / 2" {
		t.Errorf("the picture draws %q", drawn)
	}
}
