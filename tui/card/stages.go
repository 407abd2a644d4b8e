package card

import (
	"slices"
	"strings"

	"resilab/labs/course"
	"resilab/labs/lab"
	"resilab/tui/field"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

func (p *page) drawQuestion(number *field.Field) {
	th := p.Theme
	p.put(th.Text, "", p.words.Question)
	p.put(th.Accent.Strong(), "?", p.words.Ask)
	predict := p.card.Predict
	if len(predict.Choices) == 0 {
		p.drawInput(predict, number)
		return
	}
	for i, choice := range predict.Choices {
		style, mark := th.Text, ""
		if i == p.choice {
			style = th.Text.Strong()
		}
		if i == p.choice && p.focused {
			style, mark = th.Focus.Strong(), th.Glyph.Pointer
		}
		p.put(style, mark, p.words.Choices[choice])
	}
}

func (p *page) drawInput(predict course.Prediction, number *field.Field) {
	th := p.Theme
	l := p.line().Gap(indent)
	if number.IsOpen() {
		number.Draw(l, th.Focus.Strong(), th.Invert, 12).Gap(1)
		l.Put(th.Dim, predict.Unit+"  "+trim(predict.Min)+".."+trim(predict.Max))
	} else {
		l.Put(th.Dim, p.Text.T("card.type_number", trim(predict.Min), trim(predict.Max), predict.Unit))
	}
	p.add(l)
	p.put(th.Dim, "", p.Text.T("card.tolerance", trim(predict.Tolerance), predict.Unit))
}

func (p *page) drawRunA() {
	run := p.experiment.Current()
	j := p.session.LookA(run)
	p.put(p.Theme.Dim, "", p.Text.T("course.predicted", p.said()))
	p.put(p.Theme.Text, "2", p.Text.T("card.do_a"))
	p.drawSamples(run)
	p.drawObstacles(j, "card.start_differs")
	if j.Counts() {
		p.putMark(lab.MarkOK, p.Text.T("card.a_ready"))
	}
}

// turnKeys are the keys that turn a knob. Without arrows to show, "<" and ">"
// would be other keys.
func (p *page) turnKeys() string {
	if p.Theme.Glyph.Set == theme.ASCII {
		return "hl"
	}
	return "←→"
}

func (p *page) drawRunB() {
	run := p.experiment.Current()
	j := p.session.Look(run)
	p.put(p.Theme.Text, "3", p.Text.T("card.do_b", p.turnKeys()))
	p.drawObstacles(j, "card.b_differs") // first: with an obstacle the run does not count
	p.drawKnobs()
	p.drawConditions(j)
	p.drawKept()
	if len(j.Short) > 0 {
		p.drawSamples(run)
	}
	if _, _, repeats := p.session.Repeats(j); j.Kept && !repeats {
		p.putMark(lab.MarkOK, p.Text.T("card.b_ready"))
	}
	p.put(p.Theme.Dim, "", p.Text.T(p.card.Spec.ID+".knob."+p.card.Opens[p.choice]+".help"))
	if j.Wide {
		p.put(p.Theme.Dim, "", p.Text.T("course.wide"))
	}
}

// drawKnobs shows the knobs that the card opens. They can be turned here.
func (p *page) drawKnobs() {
	settings := p.experiment.Settings()
	for i, id := range p.card.Opens {
		k, _ := p.card.Spec.Knob(id)
		knob := widget.NewKnob(p.Text, p.card.Spec.ID, k, settings[id])
		knob.Pointed, knob.Focused = i == p.choice && p.focused, p.focused
		w := min(knobWidth, p.W-1)
		p.add(p.line().Gap(1).Drawn(knob.Row(p.Theme, w), w))
	}
}

const knobWidth = 44

// drawSamples shows how much the run has measured of what the card asks for.
func (p *page) drawSamples(run lab.Run) {
	th := p.Theme
	bar := max(4, min(20, p.W/4))
	const counts = 14 // cells behind the bar
	names := make([]string, len(p.card.Samples))
	for i, s := range p.card.Samples {
		names[i] = p.card.Names(p.Text).Metric(s.Metric)
	}
	width := p.nameWidth(names, bar+counts)
	for i, s := range p.card.Samples {
		have := run.Metrics[s.Metric]
		l := p.named(p.line(), names[i], width)
		l.Bar(th.Accent, min(1, have/s.Min), bar).Gap(1)
		p.add(l.Put(th.Text, p.sample(s, have)))
	}
}

// sample writes how much of a sample there is. Of one that is there with its first
// value the value is shown.
func (p *page) sample(s course.Sample, have float64) string {
	m, _ := p.card.Spec.Metric(s.Metric)
	switch {
	case s.Min >= 1:
		return trim(min(have, s.Min)) + " / " + trim(s.Min)
	case have < s.Min:
		return "–"
	}
	return m.Format.Write(have)
}

// nameWidth is the column of names in which none of them is cut, if what stands
// beside them leaves so much.
func (p *page) nameWidth(names []string, beside int) (cells int) {
	for _, name := range names {
		cells = max(cells, widget.Width(name))
	}
	return max(8, min(cells, p.W-indent-1-beside))
}

// named writes a name into its column. Where it is too long it stands in a row
// above; the line goes on in the next one.
func (p *page) named(l *widget.Line, name string, width int) *widget.Line {
	if l.To(indent); widget.Width(name) <= width {
		return l.Cell(p.Theme.Text, name, width).Gap(1)
	}
	p.add(l.Put(p.Theme.Text, name))
	return p.line().Gap(indent + width + 1)
}

// drawObstacles shows why the run does not count.
func (p *page) drawObstacles(j course.Judgement, differs string) {
	warn := p.Theme.Warn
	if len(j.Changed) > 0 {
		p.put(warn, "!", p.Text.T(differs, p.card.Names(p.Text).Knobs(j.Changed...)))
	}
	if j.Same {
		p.put(warn, "!", p.Text.T("course.same"))
	}
	if kept, next, ok := p.session.Repeats(j); ok {
		p.put(warn, "!", p.Text.T("course.repeats", strings.ToUpper(kept), strings.ToUpper(next)))
	}
	if j.Embedded {
		p.put(warn, "!", p.Text.T("course.embedded", p.Text.T("course.broker."+p.card.Needs)))
	}
	if j.OtherSeed {
		p.put(warn, "!", p.Text.T("card.other_seed"))
	}
	if j.OtherWorld {
		p.put(warn, "!", p.Text.T("card.other_world"))
	}
}

// valueWidth is the least column of a condition's figure or setting.
const valueWidth = 8

// drawConditions shows the check with its present figures, one row each.
func (p *page) drawConditions(j course.Judgement) {
	th := p.Theme
	all := make([]course.ConditionText, len(j.Conditions))
	names := make([]string, len(all))
	values, limits := valueWidth, 0
	for i, cond := range j.Conditions {
		all[i] = p.card.Names(p.Text).Condition(cond, p.session.Record().A)
		if cond.Op != "" || cond.Knob != "" {
			names[i] = all[i].Name
			values, limits = max(values, widget.Width(all[i].Value)), max(limits, widget.Width(all[i].Limit))
		}
	}
	width := p.nameWidth(names, values+2+limits)
	for i, cond := range j.Conditions {
		mark, style := th.Mark(verdict(cond))
		l := p.line().Put(style.Strong(), mark)
		if names[i] == "" {
			p.add(l.To(indent).Put(th.Text, all[i].Name))
			continue
		}
		l = p.named(l, names[i], width)
		l.RightCell(style.Strong(), all[i].Value, values).Gap(2).Cell(th.Dim, all[i].Limit, limits)
		if ofA := "A " + all[i].A; all[i].A != "" && widget.Width(ofA) < l.Left() {
			l.Gap(1).Put(th.Dim, ofA)
		}
		p.add(l)
	}
}

// verdict is the mark of a condition.
func verdict(c course.Condition) lab.Mark {
	switch {
	case !c.Known:
		return lab.MarkInfo
	case c.Holds:
		return lab.MarkOK
	default:
		return lab.MarkFail
	}
}

func (p *page) drawPassed() {
	th := p.Theme
	o := p.session.Outcome()
	if o.Known {
		mark, key := lab.MarkWarn, "course.was_wrong"
		if o.Right {
			mark, key = lab.MarkOK, "course.was_right"
		}
		p.putMark(mark, p.Text.T(key, p.said(), p.card.Answer(p.Text.Lang(), o.Truth)))
	}
	p.drawConditions(p.session.Kept())
	p.drawKept()
	p.put(th.Text, "", p.words.Outcome)
	p.put(th.Dim, "", p.Text.T("course.belief", p.words.Belief))
	p.put(th.Text, "", p.Text.T("course.look", p.words.Look))
	if link := p.card.Link; link.URL != "" {
		p.put(th.Dim, "", p.Text.T("course.read", link.Title, link.URL))
	}
	p.put(th.Text, "", p.Text.T("course.think", p.words.Think))
	if rec := p.session.Record(); rec.Hints > 0 {
		p.put(th.Dim, "", p.Text.T("course.hints_used", rec.Hints))
	}
}

func (p *page) drawHints() {
	if p.session.Stage() == course.Passed {
		return
	}
	variants := p.session.HintVariants(p.experiment.Current())
	for i, variant := range slices.Backward(variants) { // the newest first
		p.put(p.Theme.Accent, "i", p.Text.T("course.hint", i+1, p.words.Hints[i][variant]))
	}
}

// said is the prediction in words.
func (p *page) said() string {
	return p.card.Answer(p.Text.Lang(), p.session.Record().Prediction)
}
