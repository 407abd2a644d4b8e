package card

import (
	"slices"

	"resilab/labs/course"
	"resilab/labs/i18n"
	"resilab/tui/pane"
	"resilab/tui/widget"
)

// list is the cards of the course, of which one is open.
type list struct {
	cards []*course.Card // of all labs, in the order of the course
	lab   string         // the lab whose cards can be opened here
	at    int            // the open card
	shown bool
}

// first is the lab's card with the id wanted, else its first that is not passed.
func (l *list) first(wanted *course.Card, store Store) int {
	first := -1
	for i, card := range l.cards {
		if !l.here(i) {
			continue
		}
		if card == wanted {
			return i
		}
		stage := store.Record(card.ID).Stage()
		if first < 0 || stage != course.Passed && store.Record(l.cards[first].ID).Stage() == course.Passed {
			first = i
		}
	}
	return first
}

// Titles implements pane.Card.
func (c *Card) Titles() (titles []pane.CardTitle) {
	for _, card := range c.list.cards {
		titles = append(titles, pane.CardTitle{ID: card.ID, Title: func(lang i18n.Lang) string { return card.Words(lang).Title }})
	}
	return titles
}

// here reports whether a card is one of this lab.
func (l *list) here(i int) bool { return l.cards[i].Spec.ID == l.lab }

// find returns the place of a card of this lab, or -1.
func (l *list) find(id string) int {
	i := slices.IndexFunc(l.cards, func(c *course.Card) bool { return c.ID == id })
	if i < 0 || !l.here(i) {
		return -1
	}
	return i
}

// draw shows the course's cards and how far each of them is.
func (l *list) draw(p *page, store Store) {
	p.add(p.line().To(indent).Put(p.Theme.Dim, l.summary(p, store)))
	for i, card := range l.cards {
		row, style := p.line(), p.Theme.Text
		if i == p.choice {
			style = p.Theme.Text.Strong()
			if p.focused {
				row.Gap(1).Put(p.Theme.Focus.Strong(), p.Theme.Glyph.Pointer)
			}
		}
		stage := store.Record(card.ID).Stage()
		state, shade := p.Text.T("card.step."+stepNames[stage]), p.Theme.Dim
		if stage == course.Passed {
			shade = p.Theme.Good
		}
		title := card.ID + " " + p.Theme.Glyph.Dot + " " + card.Words(p.Text.Lang()).Title
		row.To(indent).Cell(style, title, max(8, row.Left()-widget.Width(state)-2))
		p.add(row.Right(shade, state))
	}
}

// summary is the progress of the whole course in one line.
func (l *list) summary(p *page, store Store) string {
	passed, begun, hints := 0, 0, 0
	for _, card := range l.cards {
		rec := store.Record(card.ID)
		_, done := rec.Passing()
		switch {
		case done:
			passed++
		case rec.Stage() != course.ToPredict:
			begun++
		}
		hints += rec.Hints
	}
	return p.Text.T("card.progress", passed, len(l.cards), begun, hints)
}
