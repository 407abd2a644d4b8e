package course

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/expr-lang/expr/types"

	"resilab/labs/i18n"
	"resilab/labs/lab"
)

// Card is one experiment. It is immutable.
type Card struct {
	ID   string
	Spec *lab.Spec // of its lab
	Core bool      // part of the core course; else a challenge

	After   []string     // cards that prepare for this one; they lock nothing
	Broker  string       // which broker its figures depend on: amqp, redis or none
	Needs   string       // the broker that must be a real one: amqp, redis or none
	Start   lab.Settings // what run A is taken with, complete
	Opens   []string     // the knobs that the later runs may differ in
	Free    []string     // knobs that a student may choose, the same in every run
	Samples []Sample     // how much every run must have measured
	Predict Prediction
	Golden  []lab.Settings // settings known to pass, complete, for each run; run A first
	Link    Link           // where to read on

	Measured Measured // the figures that its limits were derived from

	lines            map[string]int // of the fields that are played
	check, checkReal *rule
	keep             []*rule // what runs B, C … must show before the last; nil: anything
	hints            []hint
	words            map[i18n.Lang]Words
}

// MaxRuns is how many runs a card may compare.
const MaxRuns = 4

// Letters name the runs of a card.
const Letters = "abcd"

// Runs returns how many runs the card compares.
func (c *Card) Runs() int { return len(c.Golden) }

// Link is a page to read after a card.
type Link struct {
	Title string `yaml:"title"`
	URL   string `yaml:"url"`
}

// Sample is a number of things that a run must have measured at least.
type Sample struct {
	Metric string  `yaml:"metric"`
	Min    float64 `yaml:"min"`
}

// Words are a card's texts in one language.
type Words struct {
	Title    string
	Question string
	Belief   string            // the belief that the experiment breaks
	Ask      string            // what is to be predicted
	Choices  map[string]string // of a prediction by choice
	Hints    [][]string        // of every hint its variants; the last suits any situation
	Outcome  string            // why it turned out as it did
	Look     string            // which figure on the screen shows it
	Think    string            // a question that is left open
}

// Line returns where the field check or golden stands in the card's file.
func (c *Card) Line(field string) int { return max(1, c.lines[field]) }

// Words returns the card's texts.
func (c *Card) Words(lang i18n.Lang) Words { return c.words[lang] }

// Hints is how many hints the card has.
func (c *Card) Hints() int { return len(c.hints) }

// hint has conditions, one for each of its variants but the last.
type hint struct{ when []*rule }

// cardFile is content/cards/<id>.yaml.
type cardFile struct {
	ID      string         `yaml:"id"`
	Lab     string         `yaml:"lab"`
	Core    bool           `yaml:"core"`
	After   []string       `yaml:"after"`
	Broker  string         `yaml:"broker"`
	Needs   string         `yaml:"needs"`
	Link    Link           `yaml:"link"`
	Start   map[string]any `yaml:"start"`
	Opens   []string       `yaml:"opens"`
	Free    []string       `yaml:"free"`
	Samples []Sample       `yaml:"samples"`
	Predict predictFile    `yaml:"predict"`
	Check   string         `yaml:"check"`
	Real    string         `yaml:"check_real"`
	Hints   [][]string     `yaml:"hints"`

	Keep     map[string]string         `yaml:"keep"`
	Golden   map[string]map[string]any `yaml:"golden"`
	Measured Measured                  `yaml:"measured"`
}

// wordsFile is content/<lang>/<id>.yaml.
type wordsFile struct {
	Title    string            `yaml:"title"`
	Question string            `yaml:"question"`
	Belief   string            `yaml:"belief"`
	Ask      string            `yaml:"ask"`
	Choices  map[string]string `yaml:"choices"`
	Hints    [][]string        `yaml:"hints"`
	Outcome  string            `yaml:"outcome"`
	Look     string            `yaml:"look"`
	Think    string            `yaml:"think"`
}

// loadCard reads a card and its words, and checks all of it. The card is nil
// where there are mistakes.
func loadCard(fsys fs.FS, id string, specs func(string) *lab.Spec) (*Card, []*Mistake) {
	m := &mistakes{file: "cards/" + id + ".yaml"}
	var file cardFile
	if !m.read(fsys, &file) {
		return nil, m.all
	}
	spec := specs(file.Lab)
	if file.ID != id {
		m.addf("id", "%q is not the name of the file", file.ID)
	}
	if spec == nil {
		m.addf("lab", "unknown lab %q", file.Lab)
		return nil, m.all
	}
	c := &Card{
		ID: id, Spec: spec, Core: file.Core, After: file.After, Broker: file.Broker, Needs: file.Needs,
		Opens: file.Opens, Free: file.Free, Samples: file.Samples, Link: file.Link, Measured: file.Measured,
		words: map[i18n.Lang]Words{},
	}
	c.lines = map[string]int{"check": m.line("check"), "golden": m.line("golden")}
	c.checkNames(m)
	c.takeSettings(m, file)
	c.takeRules(m, file)
	all := m.all
	for _, lang := range i18n.Langs() {
		all = append(all, c.takeWords(fsys, lang)...)
	}
	if len(all) > 0 {
		return nil, all
	}
	return c, nil
}

// takeSettings reads the settings that the card starts from and passes with.
func (c *Card) takeSettings(m *mistakes, file cardFile) {
	before := len(m.all)
	c.Start = c.complete(m, "start", nil, file.Start)
	c.Golden = []lab.Settings{c.Start}
	n := len(file.Golden) + 1
	if n < 2 || n > MaxRuns {
		m.addf("golden", "%d runs besides run A; 1..%d", n-1, MaxRuns-1)
	}
	if len(m.all) > before {
		return
	}
	for _, letter := range Letters[1:n] {
		path := "golden." + string(letter)
		given, ok := file.Golden[string(letter)]
		if !ok {
			m.addf("golden", "no run %c", letter)
			return
		}
		settings := c.complete(m, path, c.Start, given)
		if changed := c.changed(settings, c.Start, c.Opens); len(changed) > 0 {
			m.addf(path, "differs in %v, which the card does not open", changed)
		}
		c.Golden = append(c.Golden, settings)
	}
}

// complete parses values as flags are parsed and lays them over base; without a
// base over the defaults.
func (c *Card) complete(m *mistakes, path string, base lab.Settings, given map[string]any) lab.Settings {
	parsed := lab.Settings{}
	for id, raw := range given {
		knob, ok := c.Spec.Knob(id)
		if !ok {
			m.addf(path+"."+id, "unknown knob %q of the lab %s", id, c.Spec.ID)
			continue
		}
		v, err := knob.Parse(fmt.Sprint(raw))
		if err != nil {
			m.add(path+"."+id, err)
			continue
		}
		parsed[id] = v
	}
	if base == nil {
		base = c.Spec.Complete(parsed)
	} else {
		for id, v := range parsed {
			base = c.Spec.Turn(base, id, v)
		}
	}
	m.add(path, c.Spec.Check(base))
	return base
}

func (c *Card) takeRules(m *mistakes, file cardFile) {
	env := environment(c.Spec)
	compile := func(path, source string, env types.Map) *rule {
		r, err := compileRule(source, env)
		m.add(path, err)
		return r
	}
	c.check = compile("check", file.Check, env)
	c.checkReal = c.check
	if file.Real != "" {
		c.checkReal = compile("check_real", file.Real, env)
	}
	c.keep = make([]*rule, max(2, c.Runs()))
	for letter, source := range file.Keep {
		i := strings.Index(Letters, letter)
		if len(letter) != 1 || i < 1 || i >= c.Runs()-1 {
			m.addf("keep", "%q is no run between the first and the last", letter)
			continue
		}
		c.keep[i] = compile("keep."+letter, source, env)
	}
	env = hintEnvironment(c.Spec)
	for i, conditions := range file.Hints {
		var h hint
		for j, source := range conditions {
			h.when = append(h.when, compile(fmt.Sprintf("hints[%d][%d]", i, j), source, env))
		}
		c.hints = append(c.hints, h)
	}
	var err error
	c.Predict, err = file.Predict.compile(environment(c.Spec))
	m.add("predict", err)
}

// checkNames reports names that the lab does not have.
func (c *Card) checkNames(m *mistakes) {
	for field, ids := range map[string][]string{"opens": c.Opens, "free": c.Free} {
		for i, id := range ids {
			if _, ok := c.Spec.Knob(id); !ok {
				m.addf(fmt.Sprintf("%s[%d]", field, i), "unknown knob %q of the lab %s", id, c.Spec.ID)
			}
		}
	}
	for i, s := range c.Samples {
		if _, ok := c.Spec.Metric(s.Metric); !ok {
			m.addf(fmt.Sprintf("samples[%d]", i), "unknown metric %q of the lab %s", s.Metric, c.Spec.ID)
		}
	}
	if len(c.Opens) == 0 {
		m.addf("opens", "opens no knob")
	}
	if len(c.Samples) == 0 {
		m.addf("samples", "no samples are asked for")
	}
	if !slices.Contains([]string{"", lab.AMQP, lab.Redis}, c.Broker) {
		m.addf("broker", "%q is not one of amqp|redis", c.Broker)
	}
	if c.Needs != "" && c.Needs != c.Broker {
		m.addf("needs", "%q is not the card's broker %q", c.Needs, c.Broker)
	}
}

// takeWords reads the texts in one language and fills in the names of the lab.
func (c *Card) takeWords(fsys fs.FS, lang i18n.Lang) []*Mistake {
	m := &mistakes{file: string(lang) + "/" + c.ID + ".yaml"}
	var file wordsFile
	if !m.read(fsys, &file) {
		return m.all
	}
	words := Words(file)
	c.checkWords(m, words)
	names, err := newNamer(c.Spec, lang)
	if err != nil {
		m.add("", err)
		return m.all
	}
	names.fillAll(m, &words)
	c.words[lang] = words
	return m.all
}

func (c *Card) checkWords(m *mistakes, w Words) {
	for field, text := range map[string]string{
		"title": w.Title, "question": w.Question, "belief": w.Belief, "ask": w.Ask,
		"outcome": w.Outcome, "look": w.Look, "think": w.Think,
	} {
		if text == "" {
			m.addf(field, "no %s", field)
		}
	}
	if len(w.Hints) != len(c.hints) {
		m.addf("hints", "%d hints, the card has %d", len(w.Hints), len(c.hints))
	} else {
		for i, variants := range w.Hints {
			if want := len(c.hints[i].when) + 1; len(variants) != want {
				m.addf(fmt.Sprintf("hints[%d]", i), "hint %d has %d wordings, its conditions ask for %d", i+1, len(variants), want)
			}
		}
	}
	for choice := range w.Choices {
		if !slices.Contains(c.Predict.Choices, choice) {
			m.addf("choices", "the card has no choice %q", choice)
		}
	}
	for _, choice := range c.Predict.Choices {
		if w.Choices[choice] == "" {
			m.addf("choices", "no text for the choice %q", choice)
		}
	}
}

// changed lists the knobs in which two settings differ, but for those allowed.
// A bundle's own word is left out: it follows the knobs that it bundles.
func (c *Card) changed(settings, from lab.Settings, allowed []string) (ids []string) {
	for _, k := range c.Spec.Knobs {
		if settings[k.ID] != from[k.ID] && len(k.Sets) == 0 && !k.Setup && !slices.Contains(allowed, k.ID) {
			ids = append(ids, k.ID)
		}
	}
	return ids
}
