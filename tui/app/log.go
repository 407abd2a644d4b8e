package app

import (
	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/lab"
	"resilab/tui/widget"
)

// typeFilter takes keys while the log's filter is typed.
func (m *Model) typeFilter(msg tea.KeyMsg) {
	v := m.cur()
	switch msg.String() {
	case "esc":
		v.filter.text, v.filtering = "", false
	case "enter":
		v.filtering = false
	default:
		v.filter.key(msg)
	}
	v.back = 0
}

// toggleFreeze holds the log still, or lets it flow again.
func (m *Model) toggleFreeze() {
	v := m.cur()
	if v.frozen == nil && v.snap != nil {
		v.frozen = append([]lab.Event{}, v.snap.Events...)
		return
	}
	v.frozen, v.back = nil, 0
}

// scroll moves the log; scrolling back freezes it, so that it stays put.
func (m *Model) scroll(dir int) {
	v := m.cur()
	if dir > 0 && v.frozen == nil {
		m.toggleFreeze()
	}
	matching := widget.Log{Events: v.events(), Filter: v.filter.text}.Matching(m.text)
	v.back = max(0, min(v.back+dir, len(matching)-m.logPage()))
	if v.back == 0 && dir < 0 {
		v.frozen = nil
	}
}

// logPage is how many events the log shows at once.
func (m *Model) logPage() int { return max(1, m.layout().log.H-1) }
