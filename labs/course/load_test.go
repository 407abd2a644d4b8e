package course

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

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
look: l
think: t
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
		"hint":                  {"a.errors > 3", "a.errors > zero", "hints[1][1]"},
		"answer":                {"answer: down", "answer: left", "left"},
		"one choice":            {"[up, down]", "[down]", "two choices"},
		"golden B too free":     {"{b: {safe: true}}", "{b: {mode: slow}}", "mode"},
		"golden of run A":       {"{b: {safe: true}}", "{a: {safe: true}}", "no run b"},
		"no golden":             {"golden: {b: {safe: true}}", "", "0 runs besides run A"},
		"keep of the last run":  {"golden:", "keep: {b: knobs.safe}\ngolden:", "keep"},
		"unknown free knob":     {"opens:", "free: [sped]\nopens:", "sped"},
		"needs another broker":  {"broker: amqp", "broker: amqp\nneeds: redis", "needs"},
		"number without range":  {"{choices: [up, down], answer: down}", "{number: {min: 1, max: 1, truth: rate, tolerance: 1, usual: 1}}", "min < max"},
		"number of nothing":     {"{choices: [up, down], answer: down}", "{number: {min: 0, max: 1, truth: rat, tolerance: 1, usual: 1}}", "rat"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(toyCard, tc.old) {
				t.Fatalf("%q is not in the card", tc.old)
			}
			_, err := load(toyFiles(strings.Replace(toyCard, tc.old, tc.new, 1), toyWords), []*lab.Spec{toySpec()})
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "cards/T1.yaml:") {
				t.Errorf("error %v does not name %q and its place", err, tc.want)
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
