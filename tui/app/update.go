package app

import (
	tea "github.com/charmbracelet/bubbletea"

	"resilab/tui/input"
)

// Update implements tea.Model. What a key means is decided here in one order:
// an overlay has it first, then what is being typed, then the focused part's
// own keys, then those that mean the same everywhere.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tick:
		return m, m.onTick(msg)
	case tea.WindowSizeMsg:
		m.w, m.h = msg.Width, msg.Height
		m.dirty = true
		m.startLabs()
		return m, nil
	case tea.KeyMsg:
		m.dirty = true
		return m, tea.Batch(m.clock.wake(), m.onKeys(msg))
	case tea.MouseMsg:
		m.dirty = true
		return m, tea.Batch(m.clock.wake(), m.onMouse(msg))
	}
	return m, nil
}

// onKeys takes keys one by one.
func (m *Model) onKeys(msg tea.KeyMsg) tea.Cmd {
	keys := input.Keys(msg)
	cmds := make([]tea.Cmd, 0, len(keys))
	for _, key := range keys {
		cmds = append(cmds, m.onKey(key))
	}
	return tea.Batch(cmds...)
}

func (m *Model) onKey(msg tea.KeyMsg) tea.Cmd {
	key, v := msg.String(), m.cur()
	if key == "ctrl+c" {
		return tea.Quit
	}
	switch {
	case m.overlay != nil && !msg.Paste:
		return m.overlay.key(m, key)
	case v.typing != nil:
		m.typeValue(msg)
		return nil
	case v.filtering:
		m.typeFilter(msg)
		return nil
	case v.focus == onCard && v.entry.Card != nil && v.entry.Card.Typing():
		v.entry.Card.Key(m.paneFrame(Rect{}), typed(msg))
		return nil
	}
	if msg.Paste {
		return nil // no field is open
	}
	v.problem = ""
	b, found := m.keys.find(v.focus, key)
	if v.focus == onCard && v.entry.Card != nil && (b.knob || !found) {
		v.entry.Card.Key(m.paneFrame(Rect{}), key)
		return nil
	}
	if found && b.applies(m) {
		return b.run(m)
	}
	return nil
}

// typed is the text of a key for whoever reads text: pasted text arrives whole.
func typed(msg tea.KeyMsg) string {
	if msg.Type == tea.KeyRunes {
		return string(msg.Runes)
	}
	return msg.String()
}
