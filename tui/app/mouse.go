package app

import tea "github.com/charmbracelet/bubbletea"

// wheel returns 1 where the wheel was turned up, -1 where it was turned down.
func wheel(msg tea.MouseMsg) int {
	switch msg.Button {
	case tea.MouseButtonWheelUp:
		return 1
	case tea.MouseButtonWheelDown:
		return -1
	}
	return 0
}

// toggleMouse switches the mouse on or off. It is off at first, because a
// program that takes the mouse breaks selecting and copying.
func (m *Model) toggleMouse() tea.Cmd {
	m.mouse = !m.mouse
	if m.mouse {
		m.host.say("ui.mouse_on")
		return tea.EnableMouseCellMotion
	}
	m.host.say("ui.mouse_off")
	return tea.DisableMouse
}

// onMouse opens the tab that is clicked; all else is the lab's.
func (m *Model) onMouse(msg tea.MouseMsg) tea.Cmd {
	pressed := msg.Action == tea.MouseActionPress && (msg.Button == tea.MouseButtonLeft || wheel(msg) != 0)
	if !pressed || m.host.overlay != nil || m.cur().typing() != nil {
		return nil
	}
	if !m.plan.tabs.has(msg.X, msg.Y) {
		cmd, _ := m.cur().Update(msg)
		return cmd
	}
	if i, ok := m.tabAt(msg.X); ok && wheel(msg) == 0 {
		m.show(i)
	}
	return nil
}
