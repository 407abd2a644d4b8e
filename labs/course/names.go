package course

import (
	"fmt"
	"regexp"
	"strings"

	"resilab/labs/i18n"
	"resilab/labs/lab"
)

// placeholder is a name of the lab in a card's text: {knob:jitter},
// {choice:jitter.full} or {metric:success}.
var placeholder = regexp.MustCompile(`\{(\w+):([^{}]*)\}`)

// Names calls the things of a lab as its screen does.
type Names struct {
	spec *lab.Spec
	text *i18n.Catalogue // nil: a lab without texts
}

// Names returns the names of the card's lab in a catalogue.
func (c *Card) Names(text *i18n.Catalogue) Names { return Names{c.Spec, text} }

// loadNames returns the names of a lab in one language.
func loadNames(spec *lab.Spec, lang i18n.Lang) (Names, error) {
	if spec.Texts == nil {
		return Names{spec: spec}, nil
	}
	text, err := i18n.Load(lang, spec.Texts)
	return Names{spec, text}, err
}

// fill returns the text with all its placeholders replaced.
func (n Names) fill(s string) (filled string, err error) {
	filled = placeholder.ReplaceAllStringFunc(s, func(found string) string {
		parts := placeholder.FindStringSubmatch(found)
		name, ok := n.find(parts[1], parts[2])
		if !ok && err == nil {
			err = fmt.Errorf("%s names nothing in the lab %s", found, n.spec.ID)
		}
		return name
	})
	return filled, err
}

// find returns what a placeholder names.
func (n Names) find(kind, id string) (string, bool) {
	key := n.spec.ID + "." + kind + "." + id
	switch kind {
	case "knob":
		key += ".name"
	case "choice":
		knob, value, _ := strings.Cut(id, ".")
		k, ok := n.spec.Knob(knob)
		if !ok || k.Kind != lab.Choice {
			return "", false
		}
		if v, err := k.Parse(value); err != nil || n.text == nil || !n.text.Has(key) {
			return v.Text(), err == nil // the value is its own name
		}
	case "metric":
	default:
		return "", false
	}
	if n.text == nil || !n.text.Has(key) {
		return "", false
	}
	return n.text.T(key), true
}

// fillAll replaces the placeholders in all texts of a card.
func (n Names) fillAll(m *mistakes, w *Words) {
	texts := map[string]*string{
		"title": &w.Title, "question": &w.Question, "belief": &w.Belief, "ask": &w.Ask,
		"outcome": &w.Outcome, "look": &w.Look, "think": &w.Think,
	}
	for i, variants := range w.Hints {
		for j := range variants {
			texts[fmt.Sprintf("hints[%d][%d]", i, j)] = &variants[j]
		}
	}
	for path, text := range texts {
		filled, err := n.fill(*text)
		m.add(path, err)
		*text = filled
	}
	for id, choice := range w.Choices {
		filled, err := n.fill(choice)
		m.add("choices."+id, err)
		w.Choices[id] = filled
	}
}
