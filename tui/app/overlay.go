package app

import (
	tea "github.com/charmbracelet/bubbletea"

	"resilab/tui/widget"
)

// overlay is a panel that takes the whole body and every key while it is open.
type overlay = panel

func (h *host) closeOverlay() { h.overlay = nil }

// press runs what a key means in a list of bindings.
func press(keys []binding, msg tea.Msg) tea.Cmd {
	if key, ok := msg.(tea.KeyMsg); ok {
		if b := find([][]binding{keys}, key); b != nil {
			return b.run()
		}
	}
	return nil
}

// confirmation asks before something that cannot be undone.
type confirmation struct {
	*host
	question string
	yes      func() tea.Cmd
	rect     Rect
}

// SetRect implements panel.
func (c *confirmation) SetRect(r Rect) { c.rect = r }

// Keys implements panel.
func (c *confirmation) Keys() []binding {
	return []binding{
		command("enter", "yes", func() tea.Cmd {
			c.closeOverlay()
			return c.yes()
		}, "enter", "y", "s").footer("enter", "ui.hint.yes"),
		bind("esc", "no", c.closeOverlay, "esc", "n", "q").footer("esc", "ui.hint.no"),
	}
}

// Update implements panel.
func (c *confirmation) Update(msg tea.Msg) tea.Cmd { return press(c.Keys(), msg) }

// View implements panel.
func (c *confirmation) View() string {
	w := c.rect.W
	rows := make([]string, max(0, c.rect.H/2-2))
	for _, row := range widget.Wrap(c.question, max(20, w-8)) {
		rows = append(rows, c.line(w).Gap((w-widget.Width(row))/2).Put(c.th.Text.Strong(), row).String())
	}
	answer := c.text.T("ui.confirm.answer")
	rows = append(rows, "", c.line(w).Gap((w-widget.Width(answer))/2).Put(c.th.Dim, answer).String())
	return filled(rows, w, c.rect.H)
}
