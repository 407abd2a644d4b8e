package course

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"resilab/labs/i18n"
	"resilab/labs/lab"
)

// toySpec is a lab that exists only as a declaration.
func toySpec() *lab.Spec {
	bundle := lab.NewChoice("scenario", "shop", "bank")
	bundle.Sets = map[string]lab.Settings{"shop": {"speed": lab.IntValue(1)}, "bank": {"speed": lab.IntValue(2)}}
	bundle.Else = "bank"
	return &lab.Spec{ID: "toy", Knobs: []lab.Knob{
		bundle,
		lab.NewInt("speed", 1, 0, 10),
		lab.NewBool("safe", false),
		lab.NewDuration("wait-time", time.Second, 0, time.Minute),
		lab.NewChoice("mode", "slow", "fast"),
		lab.NewText("addr", ""),
	}, Metrics: []lab.Metric{{ID: "done"}, {ID: "errors"}, {ID: "rate", Format: lab.Share}}}
}

const toyCard = `
id: T1
lab: toy
core: true
broker: amqp
start: {mode: fast}
opens: [safe, speed]
samples: [{metric: done, min: 100}]
predict: {choices: [up, down], answer: down}
check: errors == 0 && rate >= a.rate - 0.1 && knobs.safe
check_real: errors <= 5
hints:
  - []
  - ['knobs.safe', 'a.errors > 3']
golden: {b: {safe: true}}
`

const toyWords = `
title: t
question: q
belief: b
ask: a
choices: {up: u, down: d}
hints: [[one], [safe, many, other]]
outcome: o
`

func toyFiles(card, words string) fstest.MapFS {
	return fstest.MapFS{"cards/T1.yaml": {Data: []byte(card)}, "es/T1.yaml": {Data: []byte(words)}, "en/T1.yaml": {Data: []byte(words)}}
}

func toy(t testing.TB) *Card {
	t.Helper()
	book, err := load(toyFiles(toyCard, toyWords), []*lab.Spec{toySpec()})
	if err != nil {
		t.Fatal(err)
	}
	c, ok := book.Find("t1")
	if !ok {
		t.Fatal("T1 is not in the book")
	}
	return c
}

func TestMistakesInACardAreFoundWhenItIsLoaded(t *testing.T) {
	for name, tc := range map[string]struct{ old, new, want string }{
		"unknown field":         {"core: true", "core: true\ncolour: red", "colour"},
		"other id":              {"id: T1", "id: T2", "T2"},
		"unknown lab":           {"lab: toy", "lab: joy", "joy"},
		"unknown broker":        {"amqp", "kafka", "kafka"},
		"unknown knob to start": {"{mode: fast}", "{mod: fast}", "mod"},
		"value out of range":    {"{mode: fast}", "{speed: 11}", "0..10"},
		"unknown knob to open":  {"[safe, speed]", "[safe, spede]", "spede"},
		"nothing to open":       {"[safe, speed]", "[]", "opens no knob"},
		"unknown metric":        {"metric: done", "metric: dun", "dun"},
		"no samples":            {"[{metric: done, min: 100}]", "[]", "no samples"},
		"metric in check":       {"errors == 0", "erors == 0", "erors"},
		"metric of A":           {"a.rate", "a.rat", "rat"},
		"knob in check":         {"&& knobs.safe", "&& knobs.save", "save"},
		"no expression":         {"check: errors == 0 && rate >= a.rate - 0.1 && knobs.safe", "", "no expression"},
		"not a condition":       {"errors == 0 &&", "errors &&", "bool"},
		"function":              {"errors == 0", "len(\"x\") == 0", "len"},
		"syntax":                {"errors == 0 &&", "errors = 0 &&", "check"},
		"real check":            {"errors <= 5", "errors <= true", "check_real"},
		"hint":                  {"a.errors > 3", "a.errors > zero", "hint 2"},
		"answer":                {"answer: down", "answer: left", "left"},
		"one choice":            {"[up, down]", "[down]", "two choices"},
		"golden B too free":     {"{b: {safe: true}}", "{b: {mode: slow}}", "mode"},
		"golden A too free":     {"{b: {safe: true}}", "{a: {safe: true}}", "safe"},
		"number without range":  {"{choices: [up, down], answer: down}", "{number: {min: 1, max: 1, truth: rate, tolerance: 1}}", "min < max"},
		"number of nothing":     {"{choices: [up, down], answer: down}", "{number: {min: 0, max: 1, truth: rat, tolerance: 1}}", "rat"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(toyCard, tc.old) {
				t.Fatalf("%q is not in the card", tc.old)
			}
			_, err := load(toyFiles(strings.Replace(toyCard, tc.old, tc.new, 1), toyWords), []*lab.Spec{toySpec()})
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "T1") {
				t.Errorf("error %v does not name %q", err, tc.want)
			}
		})
	}
}

func TestMistakesInWordsAreFound(t *testing.T) {
	for name, tc := range map[string]struct{ old, new string }{
		"unknown field":   {"title: t", "title: t\nsubtitle: s"},
		"no outcome":      {"outcome: o", ""},
		"choice missing":  {"{up: u, down: d}", "{up: u}"},
		"choice unknown":  {"{up: u, down: d}", "{up: u, left: d}"},
		"hint missing":    {"[[one], [safe, many, other]]", "[[one]]"},
		"variant missing": {"[safe, many, other]", "[safe, other]"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(toyFiles(toyCard, strings.Replace(toyWords, tc.old, tc.new, 1)), []*lab.Spec{toySpec()})
			if err == nil || !strings.Contains(err.Error(), "es/T1.yaml") {
				t.Errorf("error %v", err)
			}
		})
	}
	files := toyFiles(toyCard, toyWords)
	delete(files, "en/T1.yaml")
	if _, err := load(files, []*lab.Spec{toySpec()}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no English words: error %v", err)
	}
}

// toyRun is a run of the toy lab.
func toyRun(settings lab.Settings, metrics map[string]float64) lab.Run {
	return lab.Run{Lab: "toy", Seed: 7, Brokers: map[string]string{"amqp": "embedded"}, Knobs: settings, Metrics: metrics}
}

func good(c *Card) lab.Run {
	return toyRun(c.GoldenB, map[string]float64{"done": 200, "errors": 0, "rate": 0.9})
}

func started(c *Card) lab.Run {
	return toyRun(c.Start, map[string]float64{"done": 100, "errors": 10, "rate": 0.95})
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestACardFromBeginningToEnd(t *testing.T) {
	c := toy(t)
	s := NewSession(c, Record{})
	if _, err := s.TakeA(started(c)); !errors.Is(err, ErrPredictFirst) {
		t.Errorf("run A before the prediction: %v", err)
	}
	if err := s.Predict("left", noon); err == nil {
		t.Error("a prediction that is none")
	}
	if err := s.Predict(" up ", noon); err != nil {
		t.Fatal(err)
	}
	if err := s.Predict("down", noon); !errors.Is(err, ErrPredicted) {
		t.Errorf("the prediction is changed: %v", err)
	}
	if _, err := s.Check(good(c), noon); !errors.Is(err, ErrRunAFirst) {
		t.Errorf("checked before run A: %v", err)
	}
	early := started(c)
	early.Metrics = map[string]float64{"done": 40}
	if j, err := s.TakeA(early); !errors.Is(err, ErrNotYet) || len(j.Short) != 1 || j.Short[0].Have != 40 {
		t.Errorf("run A with 40 of 100 samples: %v, %+v", err, j.Short)
	}
	if j, err := s.TakeA(good(c)); !errors.Is(err, ErrNotYet) || !slices.Equal(j.Changed, []string{"safe"}) {
		t.Errorf("run A with other settings: %v, %v", err, j.Changed)
	}
	if _, err := s.TakeA(started(c)); err != nil {
		t.Fatal(err)
	}
	if j, err := s.Check(started(c), noon); err != nil || j.Passed || s.Stage() != ToRunB {
		t.Errorf("passed without a change: %+v, %v", j, err)
	}
	j, err := s.Check(good(c), noon.Add(time.Minute))
	if err != nil || !j.Passed || s.Stage() != Passed {
		t.Fatalf("not passed: %+v, %v", j, err)
	}
	if o := s.Outcome(); !o.Known || o.Right || o.Truth != "down" {
		t.Errorf("outcome %+v", o)
	}
	if rec := s.Record(); rec.Checks != 2 || !rec.PassedAt.Equal(noon.Add(time.Minute)) || !s.Kept().Passed {
		t.Errorf("record %+v", rec)
	}
	s.NextHint()
	s.Again()
	if s.Stage() != ToPredict || s.Record().Hints != 1 {
		t.Errorf("begun anew: %+v", s.Record())
	}
}

func TestWhatKeepsARunFromCounting(t *testing.T) {
	c := toy(t)
	a := evidence(started(c))
	for name, tc := range map[string]struct {
		change func(*lab.Run)
		ok     func(Judgement) bool
	}{
		"nothing":          {func(*lab.Run) {}, func(j Judgement) bool { return j.Passed }},
		"samples":          {func(r *lab.Run) { r.Metrics["done"] = 99 }, func(j Judgement) bool { return len(j.Short) == 1 && j.Short[0].Min == 100 }},
		"no samples known": {func(r *lab.Run) { delete(r.Metrics, "done") }, func(j Judgement) bool { return len(j.Short) == 1 }},
		"closed knob":      {func(r *lab.Run) { r.Knobs = r.Knobs.With("mode", lab.ChoiceValue("slow")) }, func(j Judgement) bool { return slices.Equal(j.Changed, []string{"mode"}) }},
		"open knob":        {func(r *lab.Run) { r.Knobs = r.Knobs.With("speed", lab.IntValue(5)) }, func(j Judgement) bool { return j.Passed }},
		"bundle's word":    {func(r *lab.Run) { r.Knobs = r.Knobs.With("scenario", lab.ChoiceValue("bank")) }, func(j Judgement) bool { return j.Passed }},
		"an address":       {func(r *lab.Run) { r.Knobs = r.Knobs.With("addr", lab.TextValue(":3000")) }, func(j Judgement) bool { return j.Passed }},
		"seed":             {func(r *lab.Run) { r.Seed = 8 }, func(j Judgement) bool { return j.OtherSeed && !j.Passed }},
		"broker":           {func(r *lab.Run) { r.Brokers = map[string]string{"amqp": "amqp://h"} }, func(j Judgement) bool { return j.OtherWorld && j.Wide && !j.Passed }},
		"another broker":   {func(r *lab.Run) { r.Brokers = map[string]string{"redis": "redis://h"} }, func(j Judgement) bool { return !j.Wide && j.Passed }},
		"figure not known": {func(r *lab.Run) { delete(r.Metrics, "rate") }, func(j Judgement) bool { return !j.Conditions[1].Known && !j.Passed && j.Counts() }},
		"condition":        {func(r *lab.Run) { r.Metrics["errors"] = 1 }, func(j Judgement) bool { return !j.Conditions[0].Holds && !j.Passed && j.Counts() }},
	} {
		t.Run(name, func(t *testing.T) {
			run := good(c)
			tc.change(&run)
			if j := c.Judge(a, evidence(run)); !tc.ok(j) {
				t.Errorf("%+v", j)
			}
		})
	}
}

func TestWiderBandForRealBrokers(t *testing.T) {
	c := toy(t)
	real := func(r lab.Run) *Evidence {
		r.Brokers = map[string]string{"amqp": "amqp://localhost:5672/"}
		r.Metrics["errors"] = 5
		return evidence(r)
	}
	if j := c.Judge(real(started(c)), real(good(c))); !j.Passed || !j.Wide {
		t.Errorf("%+v", j)
	}
}

func TestConditionsShowTheirFigures(t *testing.T) {
	c := toy(t)
	run := good(c)
	run.Metrics["rate"] = 0.8
	j := c.Judge(evidence(started(c)), evidence(run))
	if len(j.Conditions) != 3 {
		t.Fatalf("%d conditions", len(j.Conditions))
	}
	errs, rate, safe := j.Conditions[0], j.Conditions[1], j.Conditions[2]
	if errs.Left.Metric != "errors" || errs.Op != "==" || errs.Right.Value != 0 || !errs.Right.Known || !errs.Holds {
		t.Errorf("%+v", errs)
	}
	if rate.Left.Metric != "rate" || rate.Left.Value != 0.8 || rate.Op != ">=" || rate.Right.Metric != "" || rate.Right.Source != "a.rate - 0.1" {
		t.Errorf("%+v", rate)
	}
	if d := rate.Right.Value - 0.85; rate.Holds || d > 1e-9 || d < -1e-9 {
		t.Errorf("%+v", rate)
	}
	if safe.Op != "" || !safe.Known || !safe.Holds {
		t.Errorf("%+v", safe)
	}
	ofA, err := compileRule("a.errors > 3", environment(c.Spec))
	if err != nil {
		t.Fatal(err)
	}
	conditions, _ := ofA.judge(situation(c.Spec, evidence(started(c)), nil))
	if f := conditions[0].Left; f.Metric != "errors" || !f.OfA || f.Value != 10 {
		t.Errorf("%+v", f)
	}
}

func TestKnobsInExpressions(t *testing.T) {
	spec := toySpec()
	run := evidence(toyRun(spec.Defaults(), nil))
	for source, want := range map[string]bool{
		`knobs["wait-time"] == 1000`:              true,
		`knobs.mode == "slow" && knobs.speed < 2`: true,
		`not knobs.safe and knobs.addr == ""`:     true,
		`knobs.mode != "slow" || knobs.safe`:      false,
	} {
		r, err := compileRule(source, environment(spec))
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if conditions, got := r.judge(situation(spec, nil, run)); got != want {
			t.Errorf("%s = %t: %+v", source, got, conditions)
		}
	}
}

func TestHintsFollowWhatIsDone(t *testing.T) {
	c := toy(t)
	s := NewSession(c, Record{})
	if got := s.HintVariants(started(c)); len(got) != 0 {
		t.Errorf("hints before they were asked for: %v", got)
	}
	if !s.NextHint() || !s.NextHint() || s.NextHint() {
		t.Error("not two hints")
	}
	if got := s.HintVariants(started(c)); !slices.Equal(got, []int{0, 2}) {
		t.Errorf("as it starts: %v", got)
	}
	if err := s.Predict("up", noon); err != nil {
		t.Fatal(err)
	}
	if _, err := s.TakeA(started(c)); err != nil {
		t.Fatal(err)
	}
	if got := s.HintVariants(started(c)); !slices.Equal(got, []int{0, 1}) {
		t.Errorf("with errors in run A: %v", got)
	}
	if got := s.HintVariants(good(c)); !slices.Equal(got, []int{0, 0}) {
		t.Errorf("with the knob turned: %v", got)
	}
}

func TestPredictedNumbers(t *testing.T) {
	card := strings.Replace(toyCard, "{choices: [up, down], answer: down}",
		"{number: {min: 0, max: 100, unit: '%', truth: rate * 100, tolerance: 5}}", 1)
	words := strings.Replace(toyWords, "choices: {up: u, down: d}", "", 1)
	book, err := load(toyFiles(card, words), []*lab.Spec{toySpec()})
	if err != nil {
		t.Fatal(err)
	}
	p := book.Cards()[0].Predict
	for in, want := range map[string]string{"12": "12", " 12,5 ": "12.5", "0": "0", "100": "100"} {
		if got, err := p.Check(in); err != nil || got != want {
			t.Errorf("%q is kept as %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "-1", "101", "NaN", "Inf", "1,2,3", "many"} {
		if _, err := p.Check(in); err == nil {
			t.Errorf("%q is taken", in)
		}
	}
	vars := map[string]any{"rate": 0.9}
	for said, right := range map[string]bool{"85": true, "95": true, "84.9": false, "96": false} {
		if o := p.outcome(said, vars); !o.Known || o.Right != right || o.Truth != "90" {
			t.Errorf("%s: %+v", said, o)
		}
	}
	if o := p.outcome("90", nil); o.Known {
		t.Errorf("known without a run: %+v", o)
	}
}

func TestEvidenceReadsWhatRunPrints(t *testing.T) {
	spec := toySpec()
	run := toyRun(spec.Defaults().With("safe", lab.BoolValue(true)), map[string]float64{"done": 3})
	data, err := json.Marshal(run)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ReadEvidence(data)
	if err != nil {
		t.Fatal(err)
	}
	settings := e.settings(spec)
	for id, v := range run.Knobs {
		if settings[id] != v {
			t.Errorf("%s is read back as %v, was %v", id, settings[id], v)
		}
	}
	for _, bad := range []string{"", "{}", "[]", `{"lab":"toy"}`, `{"lab":"toy","knobs":{"a":[1]}}`} {
		if _, err := ReadEvidence([]byte(bad)); err == nil {
			t.Errorf("%q is taken for a run", bad)
		}
	}
}

func FuzzEvidence(f *testing.F) {
	spec := toySpec()
	data, err := json.Marshal(toyRun(spec.Defaults(), map[string]float64{"done": 3, "rate": 0.5}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"lab":"toy","knobs":{"wait-time":1e300}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := ReadEvidence(data)
		if err != nil {
			return
		}
		c := toy(t)
		if c.Judge(e, e).Passed && len(c.changed(e.settings(c.Spec), c.Start, c.Opens)) > 0 {
			t.Error("passed with knobs that the card does not open")
		}
	})
}

// Whatever a student does and in whatever order, the prediction stays, and a
// card is passed only by a run that holds.
func TestNoWayAroundTheRules(t *testing.T) {
	c := toy(t)
	rapid.Check(t, func(t *rapid.T) {
		s := NewSession(c, Record{})
		run := func(label string) lab.Run {
			r := toyRun(c.Start.With("safe", lab.BoolValue(rapid.Bool().Draw(t, label+" safe"))).
				With("mode", lab.ChoiceValue(rapid.SampledFrom([]string{"slow", "fast"}).Draw(t, label+" mode"))), map[string]float64{
				"done":   float64(rapid.IntRange(90, 110).Draw(t, label+" done")),
				"errors": float64(rapid.IntRange(0, 1).Draw(t, label+" errors")), "rate": 1})
			r.Seed = uint64(rapid.IntRange(1, 2).Draw(t, label+" seed"))
			return r
		}
		first := ""
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				answer := rapid.SampledFrom([]string{"up", "down", "?"}).Draw(t, "answer")
				if s.Predict(answer, noon) == nil {
					first = answer
				}
			case 1:
				_, _ = s.TakeA(run("A"))
			case 2:
				_, _ = s.Check(run("B"), noon)
			case 3:
				s.NextHint()
			}
			rec := s.Record()
			if rec.Prediction != first {
				t.Fatalf("the prediction %q became %q", first, rec.Prediction)
			}
			if (rec.PassedAt != nil) != (rec.B != nil) || rec.PassedAt != nil && !c.Judge(rec.A, rec.B).Passed {
				t.Fatalf("passed by %+v after %+v", rec.B, rec.A)
			}
		}
	})
}

func TestStoreKeepsAndFindsAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "progress.json")
	s, aside, err := OpenStore(path)
	if err != nil || aside != nil {
		t.Fatal(err, aside)
	}
	c := toy(t)
	session := NewSession(c, s.Record("T1"))
	if err := session.Predict("up", noon); err != nil {
		t.Fatal(err)
	}
	if _, err := session.TakeA(started(c)); err != nil {
		t.Fatal(err)
	}
	if err := s.Save("T1", session.Record()); err != nil {
		t.Fatal(err)
	}
	other, _, err := OpenStore(path) // a second program
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Save("T2", Record{Prediction: "down"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Save("T3", Record{Prediction: "up"}); err != nil {
		t.Fatal(err)
	}
	again, aside, err := OpenStore(path)
	if err != nil || aside != nil {
		t.Fatal(err, aside)
	}
	if again.Record("T2").Prediction != "down" || again.Record("T3").Prediction != "up" {
		t.Error("one program loses what the other has kept")
	}
	back := NewSession(c, again.Record("T1"))
	if back.Stage() != ToRunB || back.Record().A.Metrics["done"] != 100 || !back.Record().PredictedAt.Equal(noon) {
		t.Errorf("read back as %+v", back.Record())
	}
	if j, err := back.Check(good(c), noon); err != nil || !j.Passed {
		t.Errorf("the kept run A is worth nothing: %+v, %v", j, err)
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 1 {
		t.Errorf("files left: %v, %v", files, err)
	}
}

func TestBrokenProgressIsSetAsideNotLost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "progress.json")
	var moved []string
	for _, broken := range []string{"{not json", `{"version": 99, "cards": {}}`} {
		if err := os.WriteFile(path, []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		s, aside, err := OpenStore(path)
		if err != nil || aside == nil || aside.Cause == nil {
			t.Fatalf("not said: %v, %v", aside, err)
		}
		if got, _ := os.ReadFile(aside.Path); string(got) != broken {
			t.Errorf("%s holds %q", aside.Path, got)
		}
		moved = append(moved, aside.Path)
		if err := s.Save("T1", Record{Hints: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if moved[0] == moved[1] {
		t.Error("the second broken file took the place of the first")
	}
}

func TestStoreThatCannotWriteSaysSo(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := OpenStore(dir); err == nil {
		t.Error("a directory is read as progress")
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, _, err := OpenStore(filepath.Join(dir, "sub", "progress.json"))
	if err != nil {
		t.Fatal(err)
	}
	s.path = filepath.Join(file, "progress.json")
	if err := s.Save("T1", Record{}); err == nil {
		t.Error("no error")
	}
	if NewStore().Save("T1", Record{}) != nil {
		t.Error("a store in memory fails")
	}
}

func TestBookIsInTheOrderOfTheLabs(t *testing.T) {
	files := fstest.MapFS{}
	other := toySpec()
	other.ID = "other"
	for _, id := range []string{"T1", "T2", "T10", "A1"} {
		card := strings.Replace(toyCard, "id: T1", "id: "+id, 1)
		if id == "A1" {
			card = strings.Replace(card, "lab: toy", "lab: other", 1)
		}
		files["cards/"+id+".yaml"] = &fstest.MapFile{Data: []byte(card)}
		for _, lang := range i18n.Langs() {
			files[string(lang)+"/"+id+".yaml"] = &fstest.MapFile{Data: []byte(toyWords)}
		}
	}
	book, err := load(files, []*lab.Spec{toySpec(), other})
	if err != nil {
		t.Fatal(err)
	}
	if got := book.IDs(); !slices.Equal(got, []string{"T1", "T2", "T10", "A1"}) {
		t.Errorf("order %v", got)
	}
	if len(book.Of("toy")) != 3 || len(book.Of("other")) != 1 || len(book.Of("none")) != 0 {
		t.Error("cards at the wrong lab")
	}
}
