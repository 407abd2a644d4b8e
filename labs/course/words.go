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

// Tell puts a condition into words. a is run A, or nil. A condition that
// compares neither figures nor settings has only a name.
func (c *Card) Tell(text *i18n.Catalogue, cond Condition, a *Evidence) Telling {
	if cond.Knob != "" {
		return Telling{
			Name: c.KnobNames(text, []string{cond.Knob}), Value: c.Setting(text, cond.Knob, cond.Have),
			Limit: text.T("course.limit.equal", c.Setting(text, cond.Knob, cond.Want)),
		}
	}
	if cond.Op == "" {
		return Telling{Name: cond.Source}
	}
	name, format := c.side(text, cond.Left)
	t := Telling{
		Name: name, Value: figureText(format, cond.Left),
		Limit: text.T("course.limit."+limits[cond.Op], figureText(format, cond.Right)),
	}
	if cond.Left.Metric == "" || cond.Left.Of != "" {
		return t
	}
	if v, ok := metricOf(a, cond.Left.Metric); ok {
		t.A = format.Write(v)
	}
	return t
}

// side names one side of a comparison and says how it is written.
func (c *Card) side(text *i18n.Catalogue, f Figure) (name string, format lab.Format) {
	if m, ok := c.Spec.Metric(f.Metric); ok {
		name, format = c.MetricName(text, f.Metric), m.Format
		if f.Of != "" {
			name = text.T("course.of_run", strings.ToUpper(f.Of), name)
		}
		return name, format
	}
	if k, ok := c.Spec.Knob(f.Knob); ok {
		return c.KnobNames(text, []string{f.Knob}), knobFormats[k.Kind]
	}
	return f.Source, lab.Number
}

// knobFormats say how a knob's figure is written in a condition, where durations
// are in milliseconds.
var knobFormats = map[lab.Kind]lab.Format{lab.Fraction: lab.Share, lab.Duration: lab.Millis}

// Setting is a knob's value as a person reads it.
func (c *Card) Setting(text *i18n.Catalogue, knob, value string) string {
	if key := c.Spec.ID + ".choice." + knob + "." + value; text.Has(key) {
		return text.T(key)
	}
	if value == "true" || value == "false" {
		return text.T("course.plain.switch." + value)
	}
	return value
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

// Margin says how far off a predicted number may be; it is empty where the
// prediction is a choice.
func (c *Card) Margin(text *i18n.Catalogue) string {
	if len(c.Predict.Choices) > 0 {
		return ""
	}
	return text.T("course.margin", c.Predict.Tolerance, c.Predict.Unit)
}
