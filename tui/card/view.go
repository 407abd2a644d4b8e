package card

import (
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
	note := c.guide.note(f)
	note = note[:min(len(note), max(0, f.H-2))] // the message stays in sight
	rows := []string{heading(f, c.guide.session, focused)}
	rows = append(rows, widget.Scrolled(f.Theme, c.body(f, focused), c.scroll, f.W, f.H-1-len(note))...)
	return widget.Fit(append(rows, note...), f.W, f.H)
}

// body is all that the card has to show below its heading.
func (c *Card) body(f pane.Frame, focused bool) []string {
	s := c.guide.session
	p := &page{Frame: f, session: s, experiment: c.guide.experiment, card: s.Card(), words: s.Card().Words(f.Text.Lang()),
		focused: focused, choice: c.choice}
	if c.list.shown {
		c.list.draw(p, c.guide.store)
		return p.rows
	}
	if c.terms.shown {
		c.terms.draw(p)
		return p.rows
	}
	switch s.Stage() {
	case course.ToPredict:
		p.drawQuestion(&c.number)
	case course.ToRunA:
		p.drawRunA()
		p.put(p.Theme.Dim, "?", p.words.Question)
	case course.ToRunB:
		p.drawRunB()
		p.put(p.Theme.Dim, "?", p.words.Question)
	default:
		p.drawPassed()
	}
	p.drawHints()
	return p.rows
}

// extent returns how many rows a card has, and how many of them are shown at once.
func extent(c *Card, f pane.Frame) (count, room int) {
	return len(c.body(f, true)), f.H - 2 - len(c.guide.note(f))
}

// note returns the rows of the message.
func (g *guide) note(f pane.Frame) []string {
	return g.message.draw(f, g.session.Card().Names(f.Text))
}

// draw returns the rows of the message, none if there is nothing to say.
func (m message) draw(f pane.Frame, names course.Names) []string {
	if m.key == "" {
		return nil
	}
	style, mark := f.Theme.Accent, f.Theme.Glyph.Dot
	if m.bad {
		style, mark = f.Theme.Warn, "!"
	}
	p := &page{Frame: f}
	args := m.args
	if m.failing != nil {
		told := names.Condition(*m.failing, nil)
		args = append(args, f.Text.T("course.against", told.Name, told.Value, told.Limit))
	}
	p.put(style, mark, f.Text.T(m.key, args...))
	return p.rows
}

// heading names the card and the step.
func heading(f pane.Frame, s *course.Session, focused bool) string {
	th, card := f.Theme, s.Card()
	name := th.Text.Strong()
	if focused {
		name = th.Focus.Strong()
	}
	step, style := f.Text.T("card.step."+stepNames[s.Stage()]), th.Accent
	if s.Stage() == course.Passed {
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

// page draws the body of a card, row by row.
type page struct {
	pane.Frame
	session    *course.Session
	experiment *lab.Experiment
	card       *course.Card
	words      course.Words
	focused    bool
	choice     int // what is pointed at
	rows       []string
}

// indent leaves room for a mark.
const indent = theme.MarkWidth + 1

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
