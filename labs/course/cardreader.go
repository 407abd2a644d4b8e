package course

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/expr-lang/expr"

	"resilab/labs/i18n"
	"resilab/labs/lab"
)

// cardFile is content/cards/<id>.yaml.
type cardFile struct {
	ID       string      `yaml:"id"`
	Lab      string      `yaml:"lab"`
	Core     bool        `yaml:"core"`
	After    []string    `yaml:"after"`
	Link     Link        `yaml:"link"`
	Plan     planFile    `yaml:",inline"`
	Predict  predictFile `yaml:"predict"`
	Rules    rulesFile   `yaml:",inline"`
	Measured Measured    `yaml:"measured"`
}

// planFile is the plan in it.
type planFile struct {
	Broker  string                    `yaml:"broker"`
	Needs   string                    `yaml:"needs"`
	Start   map[string]any            `yaml:"start"`
	Opens   []string                  `yaml:"opens"`
	Free    []string                  `yaml:"free"`
	Samples []Sample                  `yaml:"samples"`
	Golden  map[string]map[string]any `yaml:"golden"`
}

// rulesFile is the expressions in it.
type rulesFile struct {
	Check string            `yaml:"check"`
	Real  string            `yaml:"check_real"`
	Keep  map[string]string `yaml:"keep"`
	Hints [][]string        `yaml:"hints"`
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

// folder is what a book is read from, by several goroutines. The names of a lab are
// loaded once, not for each of its cards.
type folder struct {
	files fs.FS // as opened: a wrapper would hide its Stat, and opening a pipe never ends
	specs []*lab.Spec

	mu    sync.Mutex
	names map[spokenLab]Names
}

// spokenLab is a lab in one language.
type spokenLab struct {
	id   string
	lang i18n.Lang
}

// spec returns the Spec of a lab, nil if there is no such lab.
func (f *folder) spec(id string) *lab.Spec {
	i := slices.IndexFunc(f.specs, func(s *lab.Spec) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return f.specs[i]
}

// namesOf returns the names of a lab in one language.
func (f *folder) namesOf(spec *lab.Spec, lang i18n.Lang) (names Names, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := spokenLab{spec.ID, lang}
	names, known := f.names[key]
	if !known {
		if names, err = loadNames(spec, lang); err == nil {
			f.names[key] = names
		}
	}
	return names, err
}

// loadCard reads a card and its words, and checks all of it. The card is nil
// where there are mistakes.
func (f *folder) loadCard(id string) (*Card, []*Mistake) {
	m := &mistakes{file: "cards/" + id + ".yaml"}
	var file cardFile
	if !m.read(f.files, &file) {
		return nil, m.all
	}
	spec := f.spec(file.Lab)
	if file.ID != id {
		m.addf("id", "%q is not the name of the file", file.ID)
	}
	if spec == nil {
		m.addf("lab", "unknown lab %q", file.Lab)
		return nil, m.all
	}
	r := &cardReader{mistakes: m, card: &Card{
		ID: id, Spec: spec, Core: file.Core, After: file.After, Link: file.Link, Measured: file.Measured,
		Plan:  Plan{Broker: file.Plan.Broker, Needs: file.Plan.Needs, Opens: file.Plan.Opens, Free: file.Plan.Free, Samples: file.Plan.Samples},
		words: map[i18n.Lang]Words{}, source: m.text,
	}}
	r.checkNames()
	r.readSettings(file.Plan)
	r.readRules(file)
	all := m.all
	for _, lang := range i18n.Langs() {
		all = append(all, r.readWords(f, lang)...)
	}
	if len(all) > 0 {
		return nil, all
	}
	return r.card, nil
}

// cardReader fills a card from its files and collects the mistakes in them.
type cardReader struct {
	*mistakes // of the card's own file
	card      *Card
}

// readSettings reads the settings that the card starts from and passes with.
func (m *cardReader) readSettings(file planFile) {
	c := m.card
	before := len(m.all)
	c.Start = m.complete("start", nil, file.Start)
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
		settings := m.complete(path, c.Start, given)
		if changed := changed(c.Spec, settings, c.Start, c.Opens); len(changed) > 0 {
			m.addf(path, "differs in %v, which the card does not open", changed)
		}
		c.Golden = append(c.Golden, settings)
	}
}

// complete parses values as flags are parsed and lays them over base; without a
// base over the defaults.
func (m *cardReader) complete(path string, base lab.Settings, given map[string]any) lab.Settings {
	spec, parsed := m.card.Spec, lab.Settings{}
	for id, raw := range given {
		knob, ok := spec.Knob(id)
		if !ok {
			m.addf(path+"."+id, "unknown knob %q of the lab %s", id, spec.ID)
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
		base = spec.Complete(parsed)
	} else {
		for id, v := range parsed {
			base = spec.Turn(base, id, v)
		}
	}
	m.add(path, spec.Check(base))
	return base
}

// readRules compiles the expressions of the card.
func (m *cardReader) readRules(file cardFile) {
	c, rules := m.card, &m.card.rules
	env := environment(c.Spec)
	compile := func(path, source string, env expr.Option) *rule {
		r, err := compileRule(source, env)
		m.add(path, err)
		return r
	}
	rules.check = compile("check", file.Rules.Check, env)
	rules.checkReal = rules.check
	if file.Rules.Real != "" {
		rules.checkReal = compile("check_real", file.Rules.Real, env)
	}
	rules.keep = make([]*rule, max(2, c.Runs()))
	for letter, source := range file.Rules.Keep {
		i := strings.Index(Letters, letter)
		if len(letter) != 1 || i < 1 || i >= c.Runs()-1 {
			m.addf("keep", "%q is no run between the first and the last", letter)
			continue
		}
		rules.keep[i] = compile("keep."+letter, source, env)
	}
	ofHints := hintEnvironment(c.Spec)
	for i, conditions := range file.Rules.Hints {
		var h hint
		for j, source := range conditions {
			h.when = append(h.when, compile(fmt.Sprintf("hints[%d][%d]", i, j), source, ofHints))
		}
		rules.hints = append(rules.hints, h)
	}
	var err error
	c.Predict, err = file.Predict.compile(env)
	m.add("predict", err)
}

// checkNames reports names that the lab does not have.
func (m *cardReader) checkNames() {
	c := m.card
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

// readWords reads the texts in one language and fills in the names of the lab.
func (r *cardReader) readWords(f *folder, lang i18n.Lang) []*Mistake {
	c := r.card
	m := &mistakes{file: string(lang) + "/" + c.ID + ".yaml"}
	var file wordsFile
	if !m.read(f.files, &file) {
		return m.all
	}
	words := Words(file)
	c.checkWords(m, words)
	names, err := f.namesOf(c.Spec, lang)
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
	if len(w.Hints) != c.Hints() {
		m.addf("hints", "%d hints, the card has %d", len(w.Hints), c.Hints())
	} else {
		for i, variants := range w.Hints {
			if want := len(c.rules.hints[i].when) + 1; len(variants) != want {
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
