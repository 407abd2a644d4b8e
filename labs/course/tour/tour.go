package tour

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"resilab/labs/course"
	"resilab/labs/i18n"
	"resilab/labs/lab"
)

// Tour is a demonstration in steps. It is immutable.
type Tour struct {
	ID    string
	Steps []Step
	title map[i18n.Lang]string
}

// Step is one sentence of a tour with what it does.
type Step struct {
	Spec   *lab.Spec // of the lab that it is about
	Keep   bool      // first keeps the run as A
	Set    lab.Settings
	Action string // of the lab; empty: none
	Point  string // the knob or metric to look at; empty: none
	say    map[i18n.Lang]string
	until  *course.Expectation // nil: nothing has to happen
}

// Title returns the name of the tour.
func (t *Tour) Title(lang i18n.Lang) string { return t.title[lang] }

// Say returns the sentence of the step.
func (s Step) Say(lang i18n.Lang) string { return s.say[lang] }

// file is content/tours/<id>.yaml.
type file struct {
	ID    string               `yaml:"id"`
	Title map[i18n.Lang]string `yaml:"title"`
	Steps []step               `yaml:"steps"`
}

type step struct {
	Lab    string               `yaml:"lab"`
	Keep   bool                 `yaml:"keep"`
	Set    map[string]any       `yaml:"set"`
	Action string               `yaml:"action"`
	Say    map[i18n.Lang]string `yaml:"say"`
	Point  string               `yaml:"point"`
	Until  string               `yaml:"until"`
}

// maxSentence is how many characters a sentence may have: two rows of a small
// screen.
const maxSentence = 150

// Load reads the course's tours and checks them against the labs, in the order
// of their names.
func Load(specs ...*lab.Spec) ([]*Tour, error) {
	fsys, err := course.Tours()
	if err != nil {
		return nil, err
	}
	return LoadFrom(fsys, specs...)
}

// LoadFrom is Load for the tours of a folder.
func LoadFrom(fsys fs.FS, specs ...*lab.Spec) (tours []*Tour, err error) {
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, name := range names {
		t, err := loadTour(fsys, name, specs)
		if err != nil {
			errs = append(errs, fmt.Errorf("tours/%s: %w", name, err))
			continue
		}
		tours = append(tours, t)
	}
	return tours, errors.Join(errs...)
}

// Find returns the tour with an id; the empty id is that of the whole, "all".
func Find(tours []*Tour, id string) (*Tour, bool) {
	if id == "" {
		id = "all"
	}
	i := slices.IndexFunc(tours, func(t *Tour) bool { return strings.EqualFold(t.ID, id) })
	if i < 0 {
		return nil, false
	}
	return tours[i], true
}

func loadTour(fsys fs.FS, name string, specs []*lab.Spec) (*Tour, error) {
	var f file
	if err := course.ReadFile(fsys, name, &f); err != nil {
		return nil, err
	}
	t := &Tour{ID: f.ID, title: f.Title}
	if f.ID+".yaml" != name {
		return nil, fmt.Errorf("id: %q is not the name of the file", f.ID)
	}
	errs := []error{complete("title", f.Title)}
	if len(f.Steps) == 0 {
		errs = append(errs, errors.New("no steps"))
	}
	for i, raw := range f.Steps {
		s, err := raw.compile(specs)
		if err != nil {
			errs = append(errs, fmt.Errorf("steps[%d]: %w", i, err))
		}
		t.Steps = append(t.Steps, s)
	}
	return t, errors.Join(errs...)
}

// complete reports a text that is missing in a language.
func complete(field string, text map[i18n.Lang]string) error {
	for _, lang := range i18n.Langs() {
		if text[lang] == "" {
			return fmt.Errorf("%s: nothing in %q", field, lang)
		}
	}
	return nil
}

func (raw step) compile(specs []*lab.Spec) (s Step, err error) {
	i := slices.IndexFunc(specs, func(spec *lab.Spec) bool { return spec.ID == raw.Lab })
	if i < 0 {
		return s, fmt.Errorf("unknown lab %q", raw.Lab)
	}
	s = Step{Spec: specs[i], Keep: raw.Keep, Action: raw.Action, Point: raw.Point, Set: lab.Settings{}}
	if s.say, err = sentences(s.Spec, raw.Say); err != nil {
		return s, err
	}
	for _, id := range slices.Sorted(maps.Keys(raw.Set)) {
		if s.Set[id], err = parse(s.Spec, id, raw.Set[id]); err != nil {
			return s, fmt.Errorf("set.%s: %w", id, err)
		}
	}
	if s.Action != "" && !slices.ContainsFunc(s.Spec.Actions, func(a lab.Action) bool { return a.ID == s.Action }) {
		return s, fmt.Errorf("unknown action %q of the lab %s", s.Action, s.Spec.ID)
	}
	if err := s.checkPoint(); err != nil {
		return s, err
	}
	if raw.Until == "" {
		return s, nil
	}
	if s.until, err = course.Expect(s.Spec, raw.Until); err != nil {
		return s, fmt.Errorf("until: %w", err)
	}
	return s, nil
}

// sentences fills the names of the lab into what is said.
func sentences(spec *lab.Spec, say map[i18n.Lang]string) (map[i18n.Lang]string, error) {
	if err := complete("say", say); err != nil {
		return nil, err
	}
	filled := map[i18n.Lang]string{}
	for lang, text := range say {
		text, err := course.Name(spec, lang, text)
		if err != nil {
			return nil, fmt.Errorf("say.%s: %w", lang, err)
		}
		if n := len([]rune(text)); n > maxSentence {
			return nil, fmt.Errorf("say.%s: %d characters, at most %d", lang, n, maxSentence)
		}
		filled[lang] = text
	}
	return filled, nil
}

func parse(spec *lab.Spec, id string, raw any) (v lab.Value, err error) {
	knob, ok := spec.Knob(id)
	if !ok {
		return v, fmt.Errorf("unknown knob of the lab %s", spec.ID)
	}
	return knob.Parse(fmt.Sprint(raw))
}

// checkPoint accepts a knob, or a metric that stands on the screen.
func (s Step) checkPoint() error {
	if s.Point == "" {
		return nil
	}
	if _, ok := s.Spec.Knob(s.Point); ok {
		return nil
	}
	if m, ok := s.Spec.Metric(s.Point); !ok || !m.Card {
		return fmt.Errorf("point: %q is no knob and no figure on the screen of the lab %s", s.Point, s.Spec.ID)
	}
	return nil
}
