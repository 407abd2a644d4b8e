package course

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"resilab/labs/i18n"
	"resilab/labs/lab"
)

// toyRun is a run of the toy lab.
func toyRun(settings lab.Settings, metrics map[string]float64) lab.Run {
	return lab.Run{Lab: "toy", Seed: 7, Brokers: map[string]string{"amqp": "embedded"}, Knobs: settings, Metrics: metrics}
}

func good(c *Card) lab.Run {
	return toyRun(c.Golden[1], map[string]float64{"done": 200, "errors": 0, "rate": 0.9})
}

func started(c *Card) lab.Run {
	return toyRun(c.Start, map[string]float64{"done": 100, "errors": 10, "rate": 0.95})
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestCardFromStartToEnd(t *testing.T) {
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
		t.Errorf("restarted: %+v", s.Record())
	}
}

// A file that says of a card that it was passed is believed only as far as the runs
// in it pass the card.
// The time between keys is work, a minute at most, until the card is passed.
func TestWorkIsCounted(t *testing.T) {
	c := toy(t)
	s := NewSession(c, Record{Worked: 5 * time.Minute})
	worked := func(at, want time.Duration) {
		t.Helper()
		s.Touch(noon.Add(at))
		if got := s.Record().Worked; got != want {
			t.Errorf("%v worked after %v, want %v", got, at, want)
		}
	}
	worked(0, 5*time.Minute) // nobody knows for how long the card was read before
	worked(20*time.Second, 5*time.Minute+20*time.Second)
	worked(time.Hour, 6*time.Minute+20*time.Second)
	worked(time.Hour-time.Second, 6*time.Minute+20*time.Second) // the clock was put back
	s.Again()
	worked(time.Hour, 6*time.Minute+21*time.Second)
	passed := NewSession(c, passedAt(noon))
	passed.Touch(noon)
	passed.Touch(noon.Add(time.Second))
	if got := passed.Record().Worked; got != 0 {
		t.Errorf("%v worked at a card that was passed", got)
	}
}

func TestAPassWithoutItsRunsIsUnproven(t *testing.T) {
	book, err := load(toyFiles(toyCard, toyWords), []*lab.Spec{toySpec()})
	if err != nil {
		t.Fatal(err)
	}
	c, _ := book.Find("T1")
	a, b := evidence(started(c)), evidence(good(c))
	for name, tc := range map[string]struct {
		runs Runs
		want string
	}{
		"no runs": {Runs{}, unproven}, "no run A": {Runs{B: b}, unproven}, "run A twice": {Runs{A: a, B: a}, unproven},
		"both runs": {Runs{A: a, B: b}, Passed.String()},
	} {
		store := NewStore()
		save(t, store, c.ID, Record{Prediction: "up", PassedAt: &noon, Runs: tc.runs})
		if rows := Report(book, store, i18n.English); rows[0].Stage != tc.want {
			t.Errorf("%s: reported as %q, want %q", name, rows[0].Stage, tc.want)
		}
	}
}

func TestRunsThatDoNotCount(t *testing.T) {
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
	if f := conditions[0].Left; f.Metric != "errors" || f.Of != "a" || f.Value != 10 {
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
	shown := 0
	for s.NextHint() {
		shown++
	}
	if shown != 2 {
		t.Errorf("%d hints", shown)
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
		"{number: {min: 0, max: 100, unit: '%', truth: rate * 100, tolerance: 5, usual: 90}}", 1)
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
	settings := e.Settings(spec)
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
		if c.Judge(e, e).Passed && len(changed(c.Spec, e.Settings(c.Spec), c.Start, c.Opens)) > 0 {
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
