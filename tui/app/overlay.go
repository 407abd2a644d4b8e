package app

import (
	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/lab"
	"resilab/tui/widget"
)

// overlay takes the whole body and every key while it is open.
type overlay interface {
	key(m *Model, key string) tea.Cmd
	// draw returns the rows of a body of w by h cells; they are made to fit.
	draw(m *Model, w, h int) []string
	// hints are the catalogue keys of what can be pressed, for the footer.
	hints() [][2]string
}

func (m *Model) closeOverlay() { m.overlay = nil }

// page is a text to read: the help, an export.
type page struct {
	title string
	rows  []string // drawn already
	top   int
	last  int // rows of the body when it was drawn last
}

func (p *page) key(m *Model, key string) tea.Cmd {
	switch key {
	case "up", "k":
		p.top--
	case "down", "j":
		p.top++
	case "pgup":
		p.top -= p.last
	case "pgdown", " ":
		p.top += p.last
	case "esc", "q", "enter", "?", "e":
		m.closeOverlay()
	}
	p.top = max(0, min(p.top, len(p.rows)-p.last))
	return nil
}

func (p *page) draw(m *Model, w, h int) []string {
	p.last = max(1, h-2)
	p.top = max(0, min(p.top, len(p.rows)-p.last))
	rows := []string{heading(m, p.title, w), ""}
	for _, row := range p.rows[p.top:min(len(p.rows), p.top+p.last)] {
		rows = append(rows, widget.Blank(2)+row)
	}
	return rows
}

func (p *page) hints() [][2]string {
	if len(p.rows) > p.last {
		return [][2]string{{"↑↓", "ui.hint.scroll"}, {"esc", "ui.hint.close"}}
	}
	return [][2]string{{"esc", "ui.hint.close"}}
}

func heading(m *Model, title string, w int) string {
	return widget.NewLine(m.th, w).Gap(2).Put(m.th.Accent.Strong(), title).String()
}

// confirmation asks before something that cannot be undone.
type confirmation struct {
	question string
	yes      func(*Model) tea.Cmd
}

func (m *Model) confirm(question string, yes func(*Model) tea.Cmd) {
	m.overlay = &confirmation{question, yes}
}

func (c *confirmation) key(m *Model, key string) tea.Cmd {
	switch key {
	case "y", "s", "enter":
		m.closeOverlay()
		return c.yes(m)
	case "n", "esc", "q":
		m.closeOverlay()
	}
	return nil
}

func (c *confirmation) draw(m *Model, w, h int) []string {
	rows := make([]string, max(0, h/2-2))
	for _, row := range widget.Wrap(c.question, max(20, w-8)) {
		rows = append(rows, widget.NewLine(m.th, w).Gap((w-widget.Width(row))/2).Put(m.th.Text.Strong(), row).String())
	}
	answer := m.text.T("ui.confirm.answer")
	return append(rows, "", widget.NewLine(m.th, w).Gap((w-widget.Width(answer))/2).Put(m.th.Dim, answer).String())
}

func (c *confirmation) hints() [][2]string {
	return [][2]string{{"enter", "ui.hint.yes"}, {"esc", "ui.hint.no"}}
}

// menu offers what can be made to happen to a lab: faults first.
type menu struct {
	actions []lab.Action
	chosen  int
}

func (m *Model) openFaults() {
	var faults, others []lab.Action
	for _, a := range m.cur().spec.Actions {
		if a.Fault {
			faults = append(faults, a)
		} else {
			others = append(others, a)
		}
	}
	m.overlay = &menu{actions: append(faults, others...)}
}

func (n *menu) key(m *Model, key string) tea.Cmd {
	switch key {
	case "up", "k":
		n.chosen = max(0, n.chosen-1)
	case "down", "j":
		n.chosen = min(len(n.actions)-1, n.chosen+1)
	case "esc", "q", "f":
		m.closeOverlay()
	case "enter", " ":
		m.closeOverlay()
		m.perform(n.actions[n.chosen])
	}
	return nil
}

// perform does one of the lab's actions, asking first where that is due.
func (m *Model) perform(a lab.Action) {
	v := m.cur()
	name := m.text.T(v.spec.ID + ".action." + a.ID)
	do := func(m *Model) tea.Cmd {
		v.exp.Do(a.ID)
		m.say("ui.done", name)
		return nil
	}
	if a.Confirm {
		m.confirm(m.text.T("ui.confirm.action", name), do)
		return
	}
	do(m)
}

func (n *menu) draw(m *Model, w, _ int) []string {
	rows := []string{heading(m, m.text.T("ui.faults"), w), ""}
	for i, a := range n.actions {
		l := widget.NewLine(m.th, w).Gap(2)
		style := m.th.Text
		if i == n.chosen {
			style = m.th.Text.Strong()
			l.Put(m.th.Focus.Strong(), m.th.Glyph.Pointer)
		}
		rows = append(rows, l.To(4).Put(style, m.text.T(m.cur().spec.ID+".action."+a.ID)).String())
	}
	return rows
}

func (n *menu) hints() [][2]string {
	return [][2]string{{"↑↓", "ui.hint.choose"}, {"enter", "ui.hint.do"}, {"esc", "ui.hint.close"}}
}
