package course

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"resilab/labs/lab"
)

func TestLintNamesFileAndLineOfEveryMistake(t *testing.T) {
	card := strings.NewReplacer(
		"[safe, speed]", "[safe, spede]", "errors == 0 &&", "erors == 0 &&", "{mode: fast}", "{mod: fast}",
		"answer: down", "answer: left", "a.errors > 3", "a.errors > zero",
	).Replace(toyCard)
	files := toyFiles(card, toyWords)
	files["es/T1.yaml"].Data = []byte(strings.Replace(toyWords, "title: t", "title: \"{knob:none}\"", 1))
	delete(files, "en/T1.yaml")
	_, wrong, err := Lint(files, toySpec())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range wrong {
		line, _, _ := strings.Cut(m.Error(), "\n")
		got = append(got, line)
	}
	for _, want := range []string{
		"cards/T1.yaml:6: start.mod: unknown knob", "cards/T1.yaml:7: opens[1]: unknown knob",
		"cards/T1.yaml:9: predict: ", "cards/T1.yaml:10: check: ", "cards/T1.yaml:14: hints[1][1]: ",
		"en/T1.yaml:1: ", "es/T1.yaml:2: title: {knob:none}",
	} {
		if !slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, want) }) {
			t.Errorf("no line %q in\n%s", want, strings.Join(got, "\n"))
		}
	}
}

// A folder that is made to do harm is refused at once.
func TestHostileFoldersAreRefused(t *testing.T) {
	bomb := "id: &a [x,x,x,x,x,x,x,x,x]\n"
	for i := 'b'; i < 'k'; i++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", i, i, strings.TrimSuffix(strings.Repeat("*"+string(i-1)+",", 9), ","))
	}
	outside := filepath.Join(t.TempDir(), "T1.yaml")
	if err := os.WriteFile(outside, []byte(toyCard), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, make := range map[string]func(path string) error{
		"bomb":   func(path string) error { return os.WriteFile(path, []byte(bomb), 0o600) },
		"nested": func(path string) error { return os.WriteFile(path, []byte(strings.Repeat("[", 60_000)), 0o600) },
		"dashes": func(path string) error { return os.WriteFile(path, []byte(strings.Repeat("- ", 30_000)), 0o600) },
		"huge": func(path string) error {
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 100<<20))
		},
		"link": func(path string) error { return os.Symlink(outside, path) },
		"pipe": makePipe,
		"endless": func(path string) error {
			return os.WriteFile(path, []byte(strings.Replace(toyCard, "errors == 0", "all(1..1000000000, # > 0)", 1)), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for path, file := range toyFiles(toyCard, toyWords) {
				path = filepath.Join(dir, path)
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, file.Data, 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			path := filepath.Join(dir, "cards", "T1.yaml")
			if err := errors.Join(os.Remove(path), make(path)); err != nil {
				t.Fatal(err)
			}
			folder, err := OpenFolder(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer folder.Close()
			began := time.Now()
			if _, err := LoadFolder(folder.FS(), true, toySpec()); err == nil || !strings.Contains(err.Error(), "cards/T1.yaml") {
				t.Errorf("error %v", err)
			}
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestTooManyCardsAreRefused(t *testing.T) {
	files := toyFiles(toyCard, toyWords)
	for i := range maxFiles + 1 {
		files[fmt.Sprintf("cards/X%d.yaml", i)] = files["cards/T1.yaml"]
	}
	if _, err := LoadFolder(files, true, toySpec()); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("error %v", err)
	}
}

func TestRunsAreKeptByLetter(t *testing.T) {
	card := strings.NewReplacer(
		"golden: {b: {safe: true}}", "keep: {b: errors == 0}\ngolden: {b: {safe: true}, c: {speed: 5}, d: {safe: true, speed: 7}}",
		"check: errors == 0 && rate >= a.rate - 0.1 && knobs.safe", "check: rate >= most.rate && b.done > 0",
		"check_real: errors <= 5\n", "",
	).Replace(toyCard)
	book, err := load(toyFiles(card, toyWords), []*lab.Spec{toySpec()})
	if err != nil {
		t.Fatal(err)
	}
	c := book.Cards()[0]
	s := NewSession(c, Record{})
	if err := s.Predict("up", noon); err != nil {
		t.Fatal(err)
	}
	run := func(i int, rate, errs float64) lab.Run {
		return toyRun(c.Golden[i], map[string]float64{"done": 200, "errors": errs, "rate": rate})
	}
	if _, err := s.TakeA(run(0, 0.5, 9)); err != nil {
		t.Fatal(err)
	}
	check := func(r lab.Run, letter string, kept, passed bool) {
		t.Helper()
		if j, err := s.Check(r, noon); err != nil || j.Letter != letter || j.Kept != kept || j.Passed != passed {
			t.Errorf("letter %s, kept %t, passed %t, %v", j.Letter, j.Kept, j.Passed, err)
		}
	}
	check(run(0, 0.9, 0), "b", false, false) // A's settings again
	check(run(1, 0.6, 3), "b", false, false) // it has errors
	check(run(1, 0.9, 0), "b", true, false)
	check(run(2, 0.7, 0), "c", true, false)
	check(run(3, 0.8, 0), "d", false, false) // all are kept, and b is better
	check(run(1, 0.9, 0), "b", true, true)
	if rec := s.Record(); rec.D == nil || rec.Last != "b" || !s.Kept().Passed || !c.Passing(rec.Runs) {
		t.Errorf("%+v", rec)
	}
	if bars := Bars("rate", s.Record().Runs); len(bars) != 4 || bars[1].Share != 1 || bars[0].Letter != "a" {
		t.Errorf("%+v", bars)
	}
}

func TestFreeKnobsAreTheSameInEveryRun(t *testing.T) {
	card := strings.Replace(toyCard, "opens:", "free: [wait-time]\nopens:", 1)
	book, err := load(toyFiles(card, toyWords), []*lab.Spec{toySpec()})
	if err != nil {
		t.Fatal(err)
	}
	c := book.Cards()[0]
	wait := lab.DurationValue(3 * time.Second)
	other := good(c)
	other.Knobs = other.Knobs.With("wait-time", wait)
	first := started(c)
	if j := c.Judge(evidence(first), evidence(other)); j.Passed || !slices.Equal(j.Changed, []string{"wait-time"}) {
		t.Errorf("%+v", j)
	}
	first.Knobs = first.Knobs.With("wait-time", wait)
	if j := c.Judge(evidence(first), evidence(other)); !j.Passed {
		t.Errorf("%+v", j)
	}
}

func TestHintsSeeWhatWasTried(t *testing.T) {
	card := strings.Replace(toyCard, "['knobs.safe', 'a.errors > 3']", "['too_few', 'wrong && checks > 0']", 1)
	book, err := load(toyFiles(card, toyWords), []*lab.Spec{toySpec()})
	if err != nil {
		t.Fatal(err)
	}
	c := book.Cards()[0]
	s := NewSession(c, Record{Prediction: "up", Hints: 2})
	few := started(c)
	few.Metrics = map[string]float64{"done": 1}
	if got := s.HintVariants(few); got[1] != 0 {
		t.Errorf("with too few samples: %v", got)
	}
	if got := s.HintVariants(started(c)); got[1] != 2 {
		t.Errorf("before any check: %v", got)
	}
	if _, err := s.TakeA(started(c)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Check(started(c), noon); err != nil {
		t.Fatal(err)
	}
	if got := s.HintVariants(started(c)); got[1] != 1 {
		t.Errorf("after a check with a wrong prediction: %v", got)
	}
}

// A condition of a hint that no situation fulfils is a mistake: here it asks for a
// setting that the card does not open, or for two things at once.
func TestLintFindsHintsThatAreNeverShown(t *testing.T) {
	for condition, idle := range map[string]bool{
		"knobs.safe": false, "!knobs.safe": false, `knobs["wait-time"] > 2000`: true,
		"errors > 3 && errors < 2": true, "errors > a.errors + 5": false, "too_few && checks > 2": false, "rate > 0.3 && rate < 0.31": false,
	} {
		files := toyFiles(strings.Replace(toyCard, "'a.errors > 3'", "'"+condition+"'", 1), toyWords)
		_, wrong, err := Lint(files, toySpec())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range wrong {
			got = append(got, m.Error())
		}
		if want := "cards/T1.yaml:14: hints[1][1]: never holds"; idle != (len(got) == 1 && strings.HasPrefix(got[0], want)) {
			t.Errorf("%s: %q", condition, got)
		}
	}
}
