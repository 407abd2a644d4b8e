package course

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/goccy/go-yaml"

	"resilab/labs/i18n"
	"resilab/labs/lab"
)

// Card is one experiment. It is immutable.
type Card struct {
	ID   string
	Spec *lab.Spec // of its lab
	Core bool      // part of the core course; else a challenge

	Broker  string       // which broker its figures depend on: amqp, redis or none
	Start   lab.Settings // what run A is taken with, complete
	Opens   []string     // the knobs that run B may differ in
	Samples []Sample     // how much both runs must have measured
	Predict Prediction
	GoldenA lab.Settings // settings known to pass, complete
	GoldenB lab.Settings

	check, checkReal *rule
	hints            []hint
	words            map[i18n.Lang]Words
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
	Broker  string         `yaml:"broker"`
	Start   map[string]any `yaml:"start"`
	Opens   []string       `yaml:"opens"`
	Samples []Sample       `yaml:"samples"`
	Predict predictFile    `yaml:"predict"`
	Check   string         `yaml:"check"`
	Real    string         `yaml:"check_real"`
	Hints   [][]string     `yaml:"hints"`
	Golden  struct {
		A map[string]any `yaml:"a"`
		B map[string]any `yaml:"b"`
	} `yaml:"golden"`
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
	c := &Card{ID: id, Spec: spec, Core: file.Core, Broker: file.Broker, Opens: file.Opens, Samples: file.Samples,
		words: map[i18n.Lang]Words{}}
	if err := errors.Join(c.takeSettings(file), c.takeRules(file), c.checkNames()); err != nil {
		return nil, err
	}
	for _, lang := range i18n.Langs() {
		var words wordsFile
		path := string(lang) + "/" + id + ".yaml"
		if err := readStrict(fsys, path, &words); err != nil {
			return nil, err
		}
		c.words[lang] = Words(words)
		if err := c.checkWords(Words(words)); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return c, nil
}

// takeSettings reads the settings that the card starts from and passes with.
func (c *Card) takeSettings(file cardFile) (err error) {
	var errs [3]error
	c.Start, errs[0] = complete(c.Spec, nil, file.Start)
	c.GoldenA, errs[1] = complete(c.Spec, c.Start, file.Golden.A)
	c.GoldenB, errs[2] = complete(c.Spec, c.Start, file.Golden.B)
	return errors.Join(errs[:]...)
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
	for i, conditions := range file.Hints {
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
	c.Predict, err = file.Predict.compile(env)
	return err
}

func (c *Card) checkNames() error {
	for _, id := range c.Opens {
		if _, ok := c.Spec.Knob(id); !ok {
			return fmt.Errorf("opens: unknown knob %q of the lab %s", id, c.Spec.ID)
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
	}
	return c.checkGolden()
}

// checkGolden holds the card to its own rules: what passes must be allowed.
func (c *Card) checkGolden() error {
	if changed := c.changed(c.GoldenA, c.Start, nil); len(changed) > 0 {
		return fmt.Errorf("golden: run A differs from the start in %v", changed)
	}
	if changed := c.changed(c.GoldenB, c.Start, c.Opens); len(changed) > 0 {
		return fmt.Errorf("golden: run B differs in %v, which the card does not open", changed)
	}
	return nil
}

func (c *Card) checkWords(w Words) error {
	for field, text := range map[string]string{"title": w.Title, "question": w.Question, "belief": w.Belief, "ask": w.Ask, "outcome": w.Outcome} {
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
