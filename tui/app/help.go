package app

import (
	"slices"
	"strings"

	"resilab/tui/widget"
)

const (
	helpKey    = 13 // column of keys
	helpColumn = 48 // keys and what they do
	helpGap    = 0
)

// helper makes the help.
type helper struct{ *Model }

// open lists every key that does something here, in two columns where they
// fit, below what the chosen knob is; those of a card in focus first. Typing leaves only the keys whose words
// contain what is typed.
func (m helper) open() {
	s := m.cur()
	type section struct {
		title string
		lists [][]binding
	}
	groups := []section{
		{"ui.help.knobs", [][]binding{s.knobs.Keys(), s.bound.turn}},
		{"ui.help.run", [][]binding{s.bound.run}},
		{"ui.help.screen", [][]binding{s.bound.view, s.bound.part, m.keys}},
		{"ui.help.log", [][]binding{s.bound.log, s.log.Keys()}},
	}
	if s.picture.table {
		groups = append(groups, section{"ui.help.table", [][]binding{s.picture.Keys()}})
	}
	about := s.knobs.help
	if s.card.open {
		at := len(groups)
		if s.focus == onCard { // a reader of the card looks for its keys
			at, about = 0, func(int) []string { return nil }
		}
		groups = slices.Insert(groups, at, section{"ui.help.card", [][]binding{s.card.Keys()}})
	}
	merged := make([][]hint, len(groups))
	for i, g := range groups { // as they apply now, not while the help is open
		merged[i] = m.host.merged(g.lists)
	}
	m.host.overlay = newSearchPage(m.host, m.host.text.T("ui.help.title"), func(w int, wanted string) []string {
		var drawn [][]string
		for i, g := range groups {
			drawn = append(drawn, m.group(g.title, matching(merged[i], wanted)))
		}
		switch {
		case wanted != "":
			return below(slices.DeleteFunc(drawn, func(rows []string) bool { return len(rows) < 2 }))
		case w < 2*helpColumn+helpGap:
			return append(about(w), below(drawn)...)
		}
		return append(about(w), beside(drawn[:2], drawn[2:])...)
	})
}

// matching are the keys whose words contain what is wanted, as it is typed on a
// keyboard without accents.
func matching(keys []hint, wanted string) (found []hint) {
	for _, k := range keys {
		if strings.Contains(plainLetters(k.words), plainLetters(wanted)) || strings.Contains(k.show, wanted) {
			found = append(found, k)
		}
	}
	return found
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

// group is a heading with the keys below it.
func (m helper) group(title string, keys []hint) []string {
	h := m.host
	rows := []string{h.line(helpColumn).Put(h.th.Text.Strong(), h.text.T(title)).String()}
	for _, k := range keys {
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
		for i := range list {
			b := &list[i]
			switch n := len(out); {
			case !b.applies():
			case n > 0 && last == b.means && widget.Width(out[n-1].show)+1+widget.Width(h.keyName(b.show)) <= helpKey:
				out[n-1].show += " " + h.keyName(b.show)
			default:
				out = append(out, hint{h.keyName(b.show), h.text.T(b.means)})
				last = b.means
			}
		}
	}
	return out
}
