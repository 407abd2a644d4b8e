package app

import (
	tea "github.com/charmbracelet/bubbletea"

	"resilab/tui/pane/generic"
)

// figurePanel shows the lab's figures: the most important ones side by side, or
// all of them where they stand in the picture's place.
type figurePanel struct {
	lab  *labState
	rect Rect
	all  bool
}

// Update implements panel: the panel takes no messages.
func (p *figurePanel) Update(tea.Msg) tea.Cmd { return nil }

// Keys implements panel.
func (p *figurePanel) Keys() []binding { return nil }

// SetRect implements panel.
func (p *figurePanel) SetRect(r Rect) { p.rect = r }

// View implements panel.
func (p *figurePanel) View() string {
	f := p.lab.frame(p.rect)
	if !p.all {
		return filled(generic.Cards(f), f.W, f.H)
	}
	rows, ok := p.lab.instead(f)
	if !ok {
		rows = generic.Numbers(f)
	}
	return filled(rows, f.W, f.H)
}
