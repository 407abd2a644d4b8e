package app

import tea "github.com/charmbracelet/bubbletea"

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

// onKeys takes keys one by one: those that a slow line delivers together
// arrive as one message.
func (m *Model) onKeys(msg tea.KeyMsg) tea.Cmd {
	if msg.Type != tea.KeyRunes || msg.Paste || len(msg.Runes) < 2 {
		return m.onKey(msg)
	}
	cmds := make([]tea.Cmd, 0, len(msg.Runes))
	for _, r := range msg.Runes {
		cmds = append(cmds, m.onKey(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}, Alt: msg.Alt}))
	}
	return tea.Batch(cmds...)
}

func (m *Model) onKey(msg tea.KeyMsg) tea.Cmd {
	key, v := msg.String(), m.cur()
	if key == "ctrl+c" {
		return tea.Quit
	}
	switch {
	case m.overlay != nil:
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
