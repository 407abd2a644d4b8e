package app

import (
	"resilab/tui/widget"
)

const (
	helpKey    = 13 // column of keys
	helpColumn = 48 // keys and what they do
	helpGap    = 0
)

// openHelp lists every key that does something here, in two columns where they
// fit, below what the chosen knob is.
func (m *Model) openHelp() {
	s := m.cur()
	groups := [][]string{
		m.helpGroup("ui.help.knobs", s.knobs.Keys(), s.knobs.turnKeys()),
		m.helpGroup("ui.help.run", s.runKeys()),
		m.helpGroup("ui.help.screen", s.picture.viewKeys(s.toggleTable), s.partKeys(), m.keys()),
		m.helpGroup("ui.help.log", s.log.logKeys(nil), s.log.Keys()),
	}
	if s.picture.table {
		groups = append(groups, m.helpGroup("ui.help.table", s.picture.Keys()))
	}
	if s.card.open {
		groups = append(groups, m.helpGroup("ui.help.card", s.card.Keys()))
	}
	m.host.overlay = newPage(m.host, m.host.text.T("ui.help.title"), func(w int) []string {
		rows := s.knobs.help(w)
		if w < 2*helpColumn+helpGap {
			return append(rows, below(groups)...)
		}
		return append(rows, beside(groups[:2], groups[2:])...)
	}, "?")
}

// help says what the chosen knob is, in full.
func (p *knobPanel) help(w int) (rows []string) {
	k, ok := p.knob()
	if !ok {
		return nil
	}
	id := p.lab.spec.ID
	title := p.text.T(id+".knob."+k.ID+".name") + "  " + widget.KnobRange(p.text, id, k)
	for _, row := range widget.Wrap(title, w) {
		rows = append(rows, p.line(w).Put(p.th.Text.Strong(), row).String())
	}
	for _, row := range widget.Wrap(p.text.T(id+".knob."+k.ID+".help"), w-2) {
		rows = append(rows, p.line(w).Gap(2).Text(row).String())
	}
	return append(rows, widget.Blank(w))
}

// below puts groups under each other.
func below(groups [][]string) (rows []string) {
	for i, g := range groups {
		if i > 0 {
			rows = append(rows, widget.Blank(helpColumn))
		}
		rows = append(rows, g...)
	}
	return rows
}

// beside puts two columns of groups next to each other.
func beside(left, right [][]string) (rows []string) {
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

// helpGroup is a heading with the keys below it.
func (m *Model) helpGroup(title string, lists ...[]binding) []string {
	h := m.host
	rows := []string{h.line(helpColumn).Put(h.th.Text.Strong(), h.text.T(title)).String()}
	for _, k := range h.merged(lists) {
		l := h.line(helpColumn).Gap(2).Cell(h.th.Accent, k.show, helpKey).Gap(1)
		rows = append(rows, l.Text(k.words).String())
	}
	return rows
}

// merged leaves out what does not apply and joins neighbours that do the same
// thing, such as the keys of the tabs.
func (h *host) merged(lists [][]binding) (out []hint) {
	last := ""
	for _, list := range lists {
		for _, b := range list {
			help := b.Help()
			switch n := len(out); {
			case !b.applies():
			case n > 0 && last == help.Desc:
				out[n-1].show += " " + h.keyName(help.Key)
			default:
				out = append(out, hint{h.keyName(help.Key), h.text.T(help.Desc)})
				last = help.Desc
			}
		}
	}
	return out
}
