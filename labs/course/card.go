package course

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/expr-lang/expr/types"
	"github.com/goccy/go-yaml"

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

// Measured holds what the golden runs measured when the limits of a card were
// set: for each run the lowest and highest figure of each metric.
type Measured struct {
	Seeds int                              `yaml:"seeds"`
	Real  bool                             `yaml:"real"` // against real brokers as well
	Runs  map[string]map[string][2]float64 `yaml:",inline"`
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

// readStrict reads a YAML file into v and refuses fields that v does not have.
func readStrict(fsys fs.FS, path string, v any) error {
	data, err := fs.ReadFile(fsys, path)
	if err != nil {
		return err
	}
	if err := yaml.UnmarshalWithOptions(data, v, yaml.Strict()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// loadCard reads a card and its words, and checks all of it.
func loadCard(fsys fs.FS, id string, specs func(string) *lab.Spec) (*Card, error) {
	var file cardFile
	if err := readStrict(fsys, "cards/"+id+".yaml", &file); err != nil {
		return nil, err
	}
	spec := specs(file.Lab)
	switch {
	case file.ID != id:
		return nil, fmt.Errorf("calls itself %q", file.ID)
	case spec == nil:
		return nil, fmt.Errorf("unknown lab %q", file.Lab)
	}
	c := &Card{
		ID: id, Spec: spec, Core: file.Core, After: file.After, Broker: file.Broker, Needs: file.Needs,
		Opens: file.Opens, Free: file.Free, Samples: file.Samples, Link: file.Link, Measured: file.Measured,
		words: map[i18n.Lang]Words{},
	}
	if err := errors.Join(c.takeSettings(file), c.takeRules(file), c.checkNames()); err != nil {
		return nil, err
	}
	for _, lang := range i18n.Langs() {
		var words wordsFile
		path := string(lang) + "/" + id + ".yaml"
		if err := readStrict(fsys, path, &words); err != nil {
			return nil, err
		}
		if err := c.takeWords(lang, Words(words)); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return c, nil
}

// takeSettings reads the settings that the card starts from and passes with.
func (c *Card) takeSettings(file cardFile) (err error) {
	if c.Start, err = complete(c.Spec, nil, file.Start); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	n := len(file.Golden) + 1
	if n < 2 || n > MaxRuns {
		return fmt.Errorf("golden: %d runs besides run A; 1..%d", n-1, MaxRuns-1)
	}
	c.Golden = []lab.Settings{c.Start}
	for _, letter := range Letters[1:n] {
		given, ok := file.Golden[string(letter)]
		if !ok {
			return fmt.Errorf("golden: no run %c", letter)
		}
		settings, err := complete(c.Spec, c.Start, given)
		if err != nil {
			return fmt.Errorf("golden %c: %w", letter, err)
		}
		c.Golden = append(c.Golden, settings)
	}
	return nil
}

// complete parses values as flags are parsed and lays them over base.
func complete(spec *lab.Spec, base lab.Settings, given map[string]any) (lab.Settings, error) {
	parsed := lab.Settings{}
	for id, raw := range given {
		knob, ok := spec.Knob(id)
		if !ok {
			return nil, fmt.Errorf("unknown knob %q of the lab %s", id, spec.ID)
		}
		v, err := knob.Parse(fmt.Sprint(raw))
		if err != nil {
			return nil, err
		}
		parsed[id] = v
	}
	if base == nil {
		base = spec.Complete(parsed)
		return base, spec.Check(base)
	}
	for id, v := range parsed {
		base = spec.Turn(base, id, v)
	}
	return base, spec.Check(base)
}

func (c *Card) takeRules(file cardFile) (err error) {
	env := environment(c.Spec)
	if c.check, err = compileRule(file.Check, env); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	c.checkReal = c.check
	if file.Real != "" {
		if c.checkReal, err = compileRule(file.Real, env); err != nil {
			return fmt.Errorf("check_real: %w", err)
		}
	}
	if err := c.takeKeep(file.Keep, env); err != nil {
		return err
	}
	if err := c.takeHints(file.Hints); err != nil {
		return err
	}
	c.Predict, err = file.Predict.compile(env)
	return err
}

// takeKeep reads what the runs between the first and the last must show.
func (c *Card) takeKeep(sources map[string]string, env types.Map) (err error) {
	c.keep = make([]*rule, c.Runs())
	for letter, source := range sources {
		i := strings.Index(Letters, letter)
		if len(letter) != 1 || i < 1 || i >= c.Runs()-1 {
			return fmt.Errorf("keep: %q is no run between the first and the last", letter)
		}
		if c.keep[i], err = compileRule(source, env); err != nil {
			return fmt.Errorf("keep %s: %w", letter, err)
		}
	}
	return nil
}

// takeHints reads the conditions of the hints.
func (c *Card) takeHints(hints [][]string) error {
	env := hintEnvironment(c.Spec)
	for i, conditions := range hints {
		var h hint
		for _, source := range conditions {
			r, err := compileRule(source, env)
			if err != nil {
				return fmt.Errorf("hint %d: %w", i+1, err)
			}
			h.when = append(h.when, r)
		}
		c.hints = append(c.hints, h)
	}
	return nil
}

func (c *Card) checkNames() error {
	for field, ids := range map[string][]string{"opens": c.Opens, "free": c.Free} {
		for _, id := range ids {
			if _, ok := c.Spec.Knob(id); !ok {
				return fmt.Errorf("%s: unknown knob %q of the lab %s", field, id, c.Spec.ID)
			}
		}
	}
	for _, s := range c.Samples {
		if _, ok := c.Spec.Metric(s.Metric); !ok {
			return fmt.Errorf("samples: unknown metric %q of the lab %s", s.Metric, c.Spec.ID)
		}
	}
	switch {
	case len(c.Opens) == 0:
		return errors.New("opens no knob")
	case len(c.Samples) == 0:
		return errors.New("asks for no samples")
	case !slices.Contains([]string{"", "amqp", "redis"}, c.Broker):
		return fmt.Errorf("broker: %q is not one of amqp|redis", c.Broker)
	case c.Needs != "" && c.Needs != c.Broker:
		return fmt.Errorf("needs: %q is not the card's broker %q", c.Needs, c.Broker)
	}
	return c.checkGolden()
}

// checkGolden reports golden settings that the card itself does not allow.
func (c *Card) checkGolden() error {
	for i, settings := range c.Golden {
		if changed := c.changed(settings, c.Start, c.Opens); len(changed) > 0 {
			return fmt.Errorf("golden: run %c differs in %v, which the card does not open", Letters[i], changed)
		}
	}
	return nil
}

// takeWords checks the texts and fills in the names of the lab.
func (c *Card) takeWords(lang i18n.Lang, words Words) error {
	if err := c.checkWords(words); err != nil {
		return err
	}
	names, err := newNamer(c.Spec, lang)
	if err != nil {
		return err
	}
	err = names.fillAll(&words)
	c.words[lang] = words
	return err
}

func (c *Card) checkWords(w Words) error {
	for field, text := range map[string]string{
		"title": w.Title, "question": w.Question, "belief": w.Belief, "ask": w.Ask,
		"outcome": w.Outcome, "look": w.Look, "think": w.Think,
	} {
		if text == "" {
			return fmt.Errorf("no %s", field)
		}
	}
	if len(w.Hints) != len(c.hints) {
		return fmt.Errorf("%d hints, the card has %d", len(w.Hints), len(c.hints))
	}
	for i, variants := range w.Hints {
		if want := len(c.hints[i].when) + 1; len(variants) != want {
			return fmt.Errorf("hint %d has %d variants, its conditions ask for %d", i+1, len(variants), want)
		}
	}
	if len(w.Choices) != len(c.Predict.Choices) {
		return fmt.Errorf("%d choices, the card has %d", len(w.Choices), len(c.Predict.Choices))
	}
	for _, choice := range c.Predict.Choices {
		if w.Choices[choice] == "" {
			return fmt.Errorf("no text for the choice %q", choice)
		}
	}
	return nil
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
