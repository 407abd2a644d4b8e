package app

import (
	"resilab/tui/widget"
)

const (
	helpKey    = 11 // column of keys
	helpColumn = 47 // keys and what they do
	helpGap    = 2
)

// helpGroup is a heading with the keys below it.
type helpGroup []string

// helpPage lists every key that does something here, in two columns where
// they fit.
type helpPage struct {
	page
	groups []helpGroup
}

func (m *Model) openHelp() {
	h := &helpPage{page: page{title: m.text.T("ui.help.title")}}
	add := func(title string, bindings []binding) {
		g := helpGroup{m.helpTitle(title)}
		for _, b := range m.merged(bindings) {
			g = append(g, m.helpRow(b.show, m.text.T("ui.key."+b.help)))
		}
		h.groups = append(h.groups, g)
	}
	add("ui.help.knobs", append(append([]binding{}, m.keys.parts[onKnobs]...), knobKeys()...))
	add("ui.help.run", runKeys())
	add("ui.help.screen", screenKeys())
	add("ui.help.log", m.keys.parts[onLog])
	if card := m.cur().entry.Card; card != nil {
		g := helpGroup{m.helpTitle("ui.help.card")}
		for _, k := range card.Keys() {
			g = append(g, m.helpRow(k[0], m.text.T(k[1])))
		}
		h.groups = append(h.groups, g)
	}
	m.overlay = h
}

func (h *helpPage) draw(m *Model, w, height int) []string {
	if w >= 2+2*helpColumn+helpGap {
		h.rows = beside(h.groups[:2], h.groups[2:])
	} else {
		h.rows = below(h.groups)
	}
	return h.page.draw(m, w, height)
}

// below puts groups under each other.
func below(groups []helpGroup) (rows []string) {
	for i, g := range groups {
		if i > 0 {
			rows = append(rows, widget.Blank(helpColumn))
		}
		rows = append(rows, g...)
	}
	return rows
}

// beside puts two columns of groups next to each other.
func beside(left, right []helpGroup) (rows []string) {
	a, b := below(left), below(right)
	for i := range max(len(a), len(b)) {
		row := widget.Blank(helpColumn)
		if i < len(a) {
			row = a[i]
		}
		if i < len(b) {
			row += widget.Blank(helpGap) + b[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// merged leaves out what does not apply and joins neighbours that do the same
// thing, such as the keys of the tabs.
func (m *Model) merged(bindings []binding) (out []binding) {
	for _, b := range bindings {
		if !b.applies(m) {
			continue
		}
		if n := len(out); n > 0 && out[n-1].help == b.help {
			out[n-1].show += " " + b.show
			continue
		}
		out = append(out, b)
	}
	return out
}

func (m *Model) helpTitle(key string) string {
	return widget.NewLine(m.th, helpColumn).Put(m.th.Text.Strong(), m.text.T(key)).String()
}

func (m *Model) helpRow(show, words string) string {
	return widget.NewLine(m.th, helpColumn).Gap(2).Cell(m.th.Accent, m.keyName(show), helpKey).Gap(1).Text(words).String()
}
