package card

import (
	"resilab/labs/course"
	"resilab/tui/pane"
)

// Keys implements pane.Card.
func (c *Card) Keys() (keys []pane.CardKey) {
	predict, stage := c.guide.session.Card().Predict, c.guide.session.Stage()
	switch {
	case c.Typing():
		return []pane.CardKey{{Show: "enter", Means: "card.key.record"}, {Show: "esc", Means: "card.key.cancel"}}
	case c.list.shown:
		return []pane.CardKey{keyChoose, key("enter", "open"), key("o", "card")}
	case c.terms.shown:
		return []pane.CardKey{key("t", "card"), keyScroll}
	case stage == course.ToPredict && len(predict.Choices) > 0:
		keys = []pane.CardKey{keyChoose, key("enter", "record")}
	case stage == course.ToPredict:
		keys = []pane.CardKey{key("enter", "type")}
	case stage == course.ToRunA:
		keys = []pane.CardKey{{Show: "a", Means: "card.key.run_a"}, keyPrepare, keyAgain}
	case stage == course.ToRunB:
		if len(c.guide.session.Card().Opens) > 1 {
			keys = []pane.CardKey{keyChoose}
		}
		if keys = append(keys, keyTurn); c.guide.steps() {
			keys = append(keys, keyCoarse)
		}
		keys = append(keys, keyPrepare, keyAgain)
	default: // passed: what comes next, first
		return c.list.others([]pane.CardKey{{Show: "esc", Means: "card.key.close"}, keyScroll, keyAgain, keyTerms})
	}
	if c.choices() == 0 {
		keys = append(keys, keyScroll)
	} else {
		keys = append(keys, keyPage)
	}
	return append(keys, c.list.others([]pane.CardKey{keyTerms})...)
}

// Judges implements pane.Card: there is something to check, and hints help, once
// run A is kept.
func (c *Card) Judges() bool {
	return c.guide.session.Stage() == course.ToRunB && !c.list.shown && !c.terms.shown
}

// Measures implements pane.Card: run A begins with the prediction, and run B when
// run A is kept.
func (c *Card) Measures() bool {
	stage := c.guide.session.Stage()
	return stage == course.ToRunA || stage == course.ToRunB
}

// Figures implements pane.Card.
func (c *Card) Figures() (ids []string) {
	for _, m := range c.guide.session.Card().Figures() {
		ids = append(ids, m.ID)
	}
	return ids
}

// others puts the keys that lead to other cards in front of the last ones.
func (l *list) others(last []pane.CardKey) []pane.CardKey {
	if len(l.cards) < 2 {
		return last
	}
	return append([]pane.CardKey{key("n", "next"), key("o", "list")}, last...)
}

// key is a key that is written as it is named.
func key(name, means string) pane.CardKey {
	return pane.CardKey{Show: name, Means: "card.key." + means, Names: []string{name}}
}

// Keys of more than one stage.
var (
	keyChoose  = pane.CardKey{Show: "↑↓", Means: "card.key.choose", Names: []string{"up", "down", "j", "k"}}
	keyScroll  = pane.CardKey{Show: "↑↓", Means: "card.key.scroll", Names: []string{"up", "down", "j", "k", "pgup", "pgdown"}}
	keyPage    = pane.CardKey{Show: "pgdn", Means: "card.key.scroll", Names: []string{"pgup", "pgdown"}}
	keyTurn    = pane.CardKey{Show: "←→", Means: "card.key.turn", Names: []string{"left", "right", "h", "l"}}
	keyCoarse  = pane.CardKey{Show: "- +", Means: "card.key.coarse", Names: []string{"-", "+", "="}}
	keyPrepare = key("enter", "prepare")
	keyAgain   = key("x", "again")
	keyTerms   = key("t", "terms")
)
