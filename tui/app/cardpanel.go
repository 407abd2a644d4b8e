package app

import (
	tea "github.com/charmbracelet/bubbletea"

	"resilab/tui/pane"
)

// cardPanel shows the course's card. Its rules are the card's.
type cardPanel struct {
	*host
	lab     *labState
	card    pane.Card // nil: the lab has none
	rect    Rect
	open    bool
	focused bool
}

// SetRect implements panel.
func (p *cardPanel) SetRect(r Rect) { p.rect = r }

// View implements panel.
func (p *cardPanel) View() string {
	return filled(p.card.Draw(p.frame(), p.focused), p.rect.W, p.rect.H)
}

func (p *cardPanel) frame() pane.Frame { return p.lab.frame(p.rect) }

// Keys implements panel.
func (p *cardPanel) Keys() (keys []binding) {
	for _, k := range p.card.Keys() {
		keys = append(keys, cardKey(k))
	}
	return keys
}

// cardKey is a key of the card as a binding, for the help. It has nothing to run:
// Update is called with the key itself.
func cardKey(k pane.CardKey) binding {
	b := binding{action: action{"", k.Show, k.Names}, means: k.Means}
	return b.hinted(k.Means)
}

// Update implements panel.
func (p *cardPanel) Update(msg tea.Msg) tea.Cmd {
	key, ok := msg.(tea.KeyMsg)
	if !ok {
		return nil
	}
	if elsewhere := p.card.Update(p.frame(), key); elsewhere != "" {
		p.close()
		p.goToCard(elsewhere)
	}
	return nil
}

// typing reports whether the card reads text.
func (p *cardPanel) typing() bool { return p.open && p.focused && p.card.Typing() }

// observe is called when the figures or the captured runs may have changed.
func (p *cardPanel) observe() {
	if p.open {
		p.card.Observe(p.frame())
	}
}

// close closes the card. The lab gets the settings from before it.
func (p *cardPanel) close() {
	p.open = false
	if p.card.Leave() {
		p.say("ui.card_left")
	}
}
