package app

import (
	"resilab/tui/widget"
)

// helpKey is the width of the column of keys.
const helpKey = 12

// openHelp lists every key that does something here.
func (m *Model) openHelp() {
	p := &page{title: m.text.T("ui.help.title")}
	group := func(title string, bindings []binding) {
		p.rows = append(p.rows, widget.NewLine(m.th, helpKey+40).Put(m.th.Text.Strong(), m.text.T(title)).String())
		for _, b := range m.merged(bindings) {
			p.rows = append(p.rows, m.helpRow(b.show, m.text.T("ui.key."+b.help)))
		}
		p.rows = append(p.rows, "")
	}
	group("ui.help.knobs", append(append([]binding{}, m.keys.parts[onKnobs]...), knobKeys()...))
	group("ui.help.run", runKeys())
	group("ui.help.screen", screenKeys())
	group("ui.help.log", m.keys.parts[onLog])
	if card := m.cur().entry.Card; card != nil {
		p.rows = append(p.rows, widget.NewLine(m.th, helpKey+40).Put(m.th.Text.Strong(), m.text.T("ui.help.card")).String())
		for _, k := range card.Keys() {
			p.rows = append(p.rows, m.helpRow(k[0], m.text.T(k[1])))
		}
	}
	m.overlay = p
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

func (m *Model) helpRow(show, words string) string {
	return widget.NewLine(m.th, helpKey+60).Gap(2).Cell(m.th.Accent, m.keyName(show), helpKey).Gap(1).Text(words).String()
}
