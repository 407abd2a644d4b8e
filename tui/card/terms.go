package card

import (
	"resilab/labs/course"
	"resilab/tui/pane"
	"resilab/tui/widget"
)

// terms shows the technical terms of a card in the other language.
type terms struct {
	shown bool
	list  []course.Term
}

// toggle shows the terms of the open card, or the card again.
func (t *terms) toggle(c *Card, f pane.Frame) {
	shown := !t.shown
	c.fromTop()
	if !shown || c.list.shown {
		return
	}
	list, err := c.guide.session.Card().Terms(f.Text.Lang())
	if err != nil {
		c.guide.say(true, "card.no_terms", err.Error())
		return
	}
	*t = terms{shown: true, list: list}
}

func (t terms) draw(p *page) {
	p.put(p.Theme.Dim, "", p.Text.T("card.terms"))
	width := 0
	for _, term := range t.list {
		width = max(width, widget.Width(term.Here))
	}
	for _, term := range t.list {
		row := p.line().To(indent).Cell(p.Theme.Text, term.Here, min(width, p.W/2)).Gap(2)
		p.add(row.Put(p.Theme.Accent, term.There))
	}
}
