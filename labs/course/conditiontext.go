package course

import (
	"strings"

	"resilab/labs/i18n"
	"resilab/labs/lab"
)

// ConditionText is a condition in words.
type ConditionText struct {
	Name  string // what is compared
	Value string // its present figure
	Limit string // "at most 1.15×"
	A     string // the same figure of run A, where there is one to compare with
}

// limits name the comparisons in the catalogue: a word is read aloud better
// than a sign, and every terminal has it.
var limits = map[string]string{"<=": "most", ">=": "least", "<": "below", ">": "above", "==": "equal", "!=": "other"}

// Condition puts a condition into words. a is run A, or nil. A condition that
// compares neither figures nor settings has only a name.
func (n Names) Condition(cond Condition, a *Evidence) ConditionText {
	if cond.Knob != "" {
		return ConditionText{
			Name: n.Knobs(cond.Knob), Value: n.Setting(cond.Knob, cond.Have),
			Limit: n.text.T("course.limit.setting", n.Setting(cond.Knob, cond.Want)),
		}
	}
	if cond.Op == "" {
		return ConditionText{Name: cond.Source}
	}
	name, format := n.side(cond.Left)
	limit := limits[cond.Op]
	if cond.Left.Knob != "" && cond.Op == "==" {
		limit = "setting"
	}
	t := ConditionText{
		Name: name, Value: figureText(format, cond.Left),
		Limit: n.text.T("course.limit."+limit, figureText(format, cond.Right)),
	}
	if cond.Left.Metric == "" || cond.Left.Of != "" {
		return t
	}
	if v, ok := metricOf(a, cond.Left.Metric); ok {
		t.A = format.Write(v)
	}
	return t
}

// side names one side of a comparison and returns how it is written.
func (n Names) side(f Figure) (name string, format lab.Format) {
	if m, ok := n.spec.Metric(f.Metric); ok {
		name, format = n.Metric(f.Metric), m.Format
		if f.Of != "" {
			name = n.text.T("course.of_run", strings.ToUpper(f.Of), name)
		}
		return name, format
	}
	if k, ok := n.spec.Knob(f.Knob); ok {
		return n.Knobs(f.Knob), knobFormats[k.Kind]
	}
	return f.Source, lab.Number
}

// knobFormats say how a knob's figure is written in a condition, where durations
// are in milliseconds.
var knobFormats = map[lab.Kind]lab.Format{lab.Fraction: lab.Share, lab.Duration: lab.Millis}

// Setting is a knob's value as a person reads it.
func (n Names) Setting(knob, value string) string {
	if key := n.spec.ID + ".choice." + knob + "." + value; n.text.Has(key) {
		return n.text.T(key)
	}
	if value == "true" || value == "false" {
		return n.text.T("course.plain.switch." + value)
	}
	k, _ := n.spec.Knob(knob)
	v, err := k.Parse(value)
	switch {
	case err != nil: // of a knob that has changed since
		return value
	case k.Kind == lab.Fraction:
		return lab.Share.Write(v.Float())
	case k.Kind == lab.Duration:
		return i18n.WriteDuration(v.Duration())
	}
	return value
}

// Metric is the name of a metric.
func (n Names) Metric(id string) string { return n.text.T(n.spec.ID + ".metric." + id) }

// Knobs lists knobs by their names.
func (n Names) Knobs(ids ...string) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = n.text.T(n.spec.ID + ".knob." + id + ".name")
	}
	return strings.Join(names, ", ")
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
