package course

import (
	"embed"
	"strings"

	"resilab/labs/i18n"
	"resilab/labs/lab"
)

// Texts holds the course's part of the catalogue: the words that the screen
// and the command line tell a card in.
//
//go:embed es.yaml en.yaml
var Texts embed.FS

// Telling is a condition in words.
type Telling struct {
	Name  string // what is compared
	Value string // its present figure
	Limit string // "at most 1.15×"
	A     string // the same figure of run A, where there is one to compare with
}

// limits name the comparisons in the catalogue: a word is read aloud better
// than a sign, and every terminal has it.
var limits = map[string]string{"<=": "most", ">=": "least", "<": "below", ">": "above", "==": "equal", "!=": "other"}

// Tell puts a condition into words. a is run A, or nil. A condition that does
// not compare figures has only a name.
func (c *Card) Tell(text *i18n.Catalogue, cond Condition, a *Evidence) Telling {
	if cond.Op == "" {
		return Telling{Name: cond.Source}
	}
	format := lab.Number
	if m, ok := c.Spec.Metric(cond.Left.Metric); ok {
		format = m.Format
	}
	t := Telling{Name: cond.Left.Source, Value: figureText(format, cond.Left),
		Limit: text.T("course.limit."+limits[cond.Op], figureText(format, cond.Right))}
	if cond.Left.Metric == "" {
		return t
	}
	t.Name = c.MetricName(text, cond.Left.Metric)
	if cond.Left.OfA {
		t.Name = "A: " + t.Name
	} else if v, ok := metricOf(a, cond.Left.Metric); ok {
		t.A = format.Write(v)
	}
	return t
}

func figureText(format lab.Format, f Figure) string {
	if !f.Known {
		return "–"
	}
	return format.Write(f.Value)
}

func metricOf(e *Evidence, id string) (float64, bool) {
	if e == nil {
		return 0, false
	}
	v, ok := e.Metrics[id]
	return v, ok
}

// MetricName is the name of a metric of the card's lab.
func (c *Card) MetricName(text *i18n.Catalogue, id string) string {
	return text.T(c.Spec.ID + ".metric." + id)
}

// KnobNames lists knobs of the card's lab by their names.
func (c *Card) KnobNames(text *i18n.Catalogue, ids []string) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = text.T(c.Spec.ID + ".knob." + id + ".name")
	}
	return strings.Join(names, ", ")
}

// Answer is a kept prediction in words.
func (c *Card) Answer(lang i18n.Lang, kept string) string {
	if words, ok := c.words[lang].Choices[kept]; ok {
		return words
	}
	return strings.TrimSpace(kept + " " + c.Predict.Unit)
}
