package card

import (
	"slices"

	"resilab/labs/course"
	"resilab/labs/lab"
	"resilab/tui/pane"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

// Draw implements pane.Card. Runs that were captured since the last call
// are taken first.
func (c *Card) Draw(f pane.Frame, focused bool) []string {
	c.take(f.A, f.B)
	if f.H <= 0 {
		return nil
	}
	p := &page{Frame: f, words: c.session.Card().Words(f.Text.Lang())}
	switch c.session.Stage() {
	case course.ToPredict:
		c.drawQuestion(p, focused)
	case course.ToRunA:
		c.drawRunA(p)
	case course.ToRunB:
		c.drawRunB(p, focused)
	default:
		c.drawPassed(p)
	}
	c.drawHints(p)
	rows := append([]string{c.heading(f, focused)}, c.window(p, f.H-1)...)
	return widget.Fit(rows, f.W, f.H)
}

// window is the part of the page that fits. The message stays in sight.
func (c *Card) window(p *page, h int) []string {
	note := c.messageRows(p)
	room := max(0, h-len(note))
	c.scroll = max(0, min(c.scroll, len(p.rows)-room))
	rows := p.rows[min(c.scroll, len(p.rows)):]
	if len(rows) > room {
		rows = rows[:room]
		if room > 0 {
			more := widget.NewLine(p.Theme, p.W).Put(p.Theme.Dim, p.Theme.Glyph.More+" "+p.Text.T("card.more"))
			rows = append(rows[:room-1:room-1], more.String())
		}
	}
	return append(rows, note...)
}

func (c *Card) messageRows(p *page) []string {
	if c.message.key == "" {
		return nil
	}
	style, mark := p.Theme.Accent, p.Theme.Glyph.Pointer
	if c.message.bad {
		style, mark = p.Theme.Warn, "!"
	}
	q := &page{Frame: p.Frame}
	q.put(style, mark, p.Text.T(c.message.key, c.message.args...))
	return q.rows
}

// heading names the card and the step.
func (c *Card) heading(f pane.Frame, focused bool) string {
	th, card := f.Theme, c.session.Card()
	name := th.Text.Strong()
	if focused {
		name = th.Focus.Strong()
	}
	step, style := f.Text.T("card.step."+stepNames[c.session.Stage()]), th.Accent
	if c.session.Stage() == course.Passed {
		style = th.Good.Strong()
	}
	title := card.ID + " " + th.Glyph.Dot + " " + card.Words(f.Text.Lang()).Title
	if !card.Core {
		title += " (" + f.Text.T("course.challenge") + ")"
	}
	end := f.W - widget.Width(step) - 4 // where the rule between the two ends
	l := widget.NewLine(th, f.W).Fill(th.Rule, th.Glyph.Line, 2).Gap(1)
	l.Cell(name, title, min(widget.Width(title), end-4)).Gap(1)
	l.Fill(th.Rule, th.Glyph.Line, end-(f.W-l.Left())).To(end + 1)
	return l.Put(style, step).Gap(1).Fill(th.Rule, th.Glyph.Line, 2).String()
}

var stepNames = [...]string{course.ToPredict: "predict", course.ToRunA: "a", course.ToRunB: "b", course.Passed: "passed"}

// page collects rows of a card's body.
type page struct {
	pane.Frame
	words course.Words
	rows  []string
}

// indent leaves room for a mark.
const indent = theme.MarkWidth + 1

// limitWidth has room for the limit of a condition in words.
const limitWidth = 17

// line begins a row.
func (p *page) line() *widget.Line { return widget.NewLine(p.Theme, p.W) }

func (p *page) add(l *widget.Line) { p.rows = append(p.rows, l.String()) }

// put adds a text behind a mark; its further rows are indented.
func (p *page) put(s theme.Style, mark, text string) {
	for i, row := range widget.Wrap(text, max(8, p.W-indent)) {
		l := p.line()
		if i == 0 {
			l.Gap(indent-1-widget.Width(mark)).Put(s.Strong(), mark)
		}
		p.add(l.To(indent).Put(s, row))
	}
}

// putMark puts a text behind the symbol of an event.
func (p *page) putMark(m lab.Mark, text string) {
	symbol, style := p.Theme.Mark(m)
	p.put(style, symbol, text)
}

func (c *Card) drawQuestion(p *page, focused bool) {
	th := p.Theme
	p.put(th.Text, "", p.words.Question)
	p.put(th.Accent.Strong(), "?", p.words.Ask)
	predict := c.session.Card().Predict
	if len(predict.Choices) == 0 {
		c.drawInput(p, predict)
		return
	}
	for i, choice := range predict.Choices {
		style, mark := th.Text, ""
		if i == c.choice {
			mark = th.Glyph.Pointer
		}
		if i == c.choice && focused {
			style = th.Focus.Strong()
		}
		p.put(style, mark, p.words.Choices[choice])
	}
}

func (c *Card) drawInput(p *page, predict course.Prediction) {
	th := p.Theme
	l := p.line().Gap(indent)
	if c.typing {
		l.Put(th.Focus.Strong(), c.input).Put(th.Focus, th.Glyph.Caret).Gap(1)
		l.Put(th.Dim, predict.Unit+"  "+trim(predict.Min)+".."+trim(predict.Max))
	} else {
		l.Put(th.Dim, p.Text.T("card.type_number", trim(predict.Min), trim(predict.Max), predict.Unit))
	}
	p.add(l)
}

func (c *Card) drawRunA(p *page) {
	run := c.opt.Experiment.Current()
	j := c.session.LookA(run)
	p.put(p.Theme.Dim, "", p.Text.T("course.predicted", c.said(p)))
	p.put(p.Theme.Text, "2", p.Text.T("card.do_a"))
	c.drawSamples(p, run)
	c.drawObstacles(p, j, "card.start_differs")
	if j.Counts() {
		if c.message.key == "card.a_short" { // no longer
			c.message = message{}
		}
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

func (c *Card) drawRunB(p *page, focused bool) {
	run := c.opt.Experiment.Current()
	j := c.session.Look(run)
	p.put(p.Theme.Text, "3", p.Text.T("card.do_b", p.turnKeys()))
	c.drawObstacles(p, j, "card.b_differs") // first: nothing counts while one stands
	c.drawKnobs(p, focused)
	c.drawConditions(p, j)
	if len(j.Short) > 0 {
		c.drawSamples(p, run)
	}
	if j.Passed {
		p.putMark(lab.MarkOK, p.Text.T("card.b_ready"))
	}
	if j.Wide {
		p.put(p.Theme.Dim, "", p.Text.T("course.wide"))
	}
}

// drawKnobs shows the knobs that the card opens. They can be turned here.
func (c *Card) drawKnobs(p *page, focused bool) {
	card, settings := c.session.Card(), c.opt.Experiment.Settings()
	for i, id := range card.Opens {
		k, _ := card.Spec.Knob(id)
		knob := widget.NewKnob(p.Text, card.Spec.ID, k, settings[id])
		knob.Pointed, knob.Focused = i == c.choice && focused, focused
		w := min(knobWidth, p.W-1)
		p.add(p.line().Gap(1).Drawn(knob.Row(p.Theme, w), w))
	}
}

const knobWidth = 44

// drawSamples shows how much the run has measured of what the card asks for.
func (c *Card) drawSamples(p *page, run lab.Run) {
	th := p.Theme
	for _, s := range c.session.Card().Samples {
		have := min(run.Metrics[s.Metric], s.Min)
		l := p.line().Gap(indent).Cell(th.Text, c.session.Card().MetricName(p.Text, s.Metric), nameWidth(p.W)).Gap(1)
		l.Bar(th.Accent, have/s.Min, max(4, min(20, p.W/4))).Gap(1)
		p.add(l.Put(th.Text, trim(have)+" / "+trim(s.Min)))
	}
}

func nameWidth(w int) int { return max(8, min(20, w/3)) }

// drawObstacles shows why the run does not count.
func (c *Card) drawObstacles(p *page, j course.Judgement, differs string) {
	warn := p.Theme.Warn
	if len(j.Changed) > 0 {
		p.put(warn, "!", p.Text.T(differs, c.session.Card().KnobNames(p.Text, j.Changed)))
	}
	if j.OtherSeed {
		p.put(warn, "!", p.Text.T("card.other_seed"))
	}
	if j.OtherWorld {
		p.put(warn, "!", p.Text.T("card.other_world"))
	}
}

// drawConditions shows the check with its present figures, one row each.
func (c *Card) drawConditions(p *page, j course.Judgement) {
	th := p.Theme
	for _, cond := range j.Conditions {
		mark, style := th.Mark(verdict(cond))
		l := p.line().Put(style.Strong(), mark).To(indent)
		told := c.session.Card().Tell(p.Text, cond, c.session.Record().A)
		if cond.Op == "" {
			p.add(l.Put(th.Text, told.Name))
			continue
		}
		l.Cell(th.Text, told.Name, nameWidth(p.W)).Gap(1)
		l.RightCell(style.Strong(), told.Value, 8).Gap(2).Cell(th.Dim, told.Limit, limitWidth)
		if ofA := "A " + told.A; told.A != "" && widget.Width(ofA) < l.Left() {
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

func (c *Card) drawPassed(p *page) {
	th := p.Theme
	o := c.session.Outcome()
	if o.Known {
		mark, key := lab.MarkWarn, "course.was_wrong"
		if o.Right {
			mark, key = lab.MarkOK, "course.was_right"
		}
		p.putMark(mark, p.Text.T(key, c.said(p), c.session.Card().Answer(p.Text.Lang(), o.Truth)))
	}
	c.drawConditions(p, c.session.Kept())
	p.put(th.Text, "", p.words.Outcome)
	p.put(th.Dim, "", p.Text.T("course.belief", p.words.Belief))
	if rec := c.session.Record(); rec.Hints > 0 {
		p.put(th.Dim, "", p.Text.T("course.hints_used", rec.Hints))
	}
}

func (c *Card) drawHints(p *page) {
	if c.session.Stage() == course.Passed {
		return
	}
	variants := c.session.HintVariants(c.opt.Experiment.Current())
	for i, variant := range slices.Backward(variants) { // the newest first
		p.put(p.Theme.Accent, "i", p.Text.T("course.hint", i+1, p.words.Hints[i][variant]))
	}
}

// said is the prediction in words.
func (c *Card) said(p *page) string {
	return c.session.Card().Answer(p.Text.Lang(), c.session.Record().Prediction)
}
