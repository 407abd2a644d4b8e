package card

import (
	"slices"

	"resilab/labs/course"
	"resilab/labs/lab"
	"resilab/tui/pane"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

// Draw implements pane.Card.
func (c *Card) Draw(f pane.Frame, focused bool) []string {
	if f.H <= 0 {
		return nil
	}
	note := c.messageRows(f)
	note = note[:min(len(note), max(0, f.H-2))] // the message stays in sight
	rows := []string{c.heading(f, focused)}
	rows = append(rows, widget.Scrolled(f.Theme, c.body(f, focused), c.scroll, f.W, f.H-1-len(note))...)
	return widget.Fit(append(rows, note...), f.W, f.H)
}

// body is all that the card has to show below its heading.
func (c *Card) body(f pane.Frame, focused bool) []string {
	p := &page{Frame: f, words: c.session.Card().Words(f.Text.Lang())}
	if c.listed {
		c.drawList(p, focused)
		return p.rows
	}
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
	return p.rows
}

// extent is how many rows the card has, and how many of them are shown at once.
func (c *Card) extent(f pane.Frame) (count, room int) {
	return len(c.body(f, true)), f.H - 2 - len(c.messageRows(f))
}

// drawList shows the course's cards and how far each of them is.
func (c *Card) drawList(p *page, focused bool) {
	for i, card := range c.cards {
		l, style := p.line(), p.Theme.Text
		if i == c.choice {
			style = p.Theme.Text.Strong()
			if focused {
				l.Gap(1).Put(p.Theme.Focus.Strong(), p.Theme.Glyph.Pointer)
			}
		}
		stage := c.opt.Store.Record(card.ID).Stage()
		state, shade := p.Text.T("card.step."+stepNames[stage]), p.Theme.Dim
		if stage == course.Passed {
			shade = p.Theme.Good
		}
		title := card.ID + " " + p.Theme.Glyph.Dot + " " + card.Words(p.Text.Lang()).Title
		l.To(indent).Cell(style, title, max(8, l.Left()-widget.Width(state)-2))
		p.add(l.Right(shade, state))
	}
}

func (c *Card) messageRows(f pane.Frame) []string {
	if c.message.key == "" {
		return nil
	}
	style, mark := f.Theme.Accent, f.Theme.Glyph.Dot
	if c.message.bad {
		style, mark = f.Theme.Warn, "!"
	}
	p := &page{Frame: f}
	p.put(style, mark, f.Text.T(c.message.key, c.message.args...))
	return p.rows
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
			style = th.Text.Strong()
		}
		if i == c.choice && focused {
			style, mark = th.Focus.Strong(), th.Glyph.Pointer
		}
		p.put(style, mark, p.words.Choices[choice])
	}
}

func (c *Card) drawInput(p *page, predict course.Prediction) {
	th := p.Theme
	l := p.line().Gap(indent)
	if c.Typing() {
		c.number.Draw(l, th.Focus.Strong(), th.Invert, 12).Gap(1)
		l.Put(th.Dim, predict.Unit+"  "+trim(predict.Min)+".."+trim(predict.Max))
	} else {
		l.Put(th.Dim, p.Text.T("card.type_number", trim(predict.Min), trim(predict.Max), predict.Unit))
	}
	p.add(l)
	p.put(th.Dim, "", p.Text.T("card.tolerance", trim(predict.Tolerance), predict.Unit))
}

func (c *Card) drawRunA(p *page) {
	run := c.opt.Experiment.Current()
	j := c.session.LookA(run)
	p.put(p.Theme.Dim, "", p.Text.T("course.predicted", c.said(p)))
	p.put(p.Theme.Text, "2", p.Text.T("card.do_a"))
	c.drawSamples(p, run)
	c.drawObstacles(p, j, "card.start_differs")
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
