package app

import tea "github.com/charmbracelet/bubbletea"

// toggleMouse switches the mouse on or off. It is off at first, because a
// program that takes the mouse breaks selecting and copying.
func (m *Model) toggleMouse() tea.Cmd {
	m.mouse = !m.mouse
	if m.mouse {
		m.say("ui.mouse_on")
		return tea.EnableMouseCellMotion
	}
	m.say("ui.mouse_off")
	return tea.DisableMouse
}

// onMouse chooses what is clicked; the wheel turns knobs and scrolls the log.
func (m *Model) onMouse(msg tea.MouseMsg) tea.Cmd {
	if m.overlay != nil || m.cur().typing != nil {
		return nil
	}
	v, l := m.cur(), m.layout()
	wheel := 0
	switch msg.Button {
	case tea.MouseButtonWheelUp:
		wheel = 1
	case tea.MouseButtonWheelDown:
		wheel = -1
	case tea.MouseButtonLeft:
	default:
		return nil
	}
	if msg.Action != tea.MouseActionPress {
		return nil
	}
	switch {
	case l.tabs.has(msg.X, msg.Y):
		if i, ok := m.tabAt(msg.X); ok && wheel == 0 {
			m.show(i)
		}
	case l.knobs.has(msg.X, msg.Y):
		i, ok := v.panel().KnobAt(v.spec, msg.Y-l.knobs.Y, l.knobs.H)
		if !ok {
			return nil
		}
		v.selected, v.focus = i, onKnobs
		if wheel != 0 {
			m.step(wheel, false)
		}
	case l.log.has(msg.X, msg.Y):
		v.focus = onLog
		if wheel != 0 {
			m.scroll(3 * wheel)
		}
	case l.card.has(msg.X, msg.Y):
		v.focus = onCard
	}
	return nil
}
