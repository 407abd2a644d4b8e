package app

import (
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/i18n"
)

// show brings a lab to the front.
func (m *Model) show(i int) {
	if i < len(m.labs) {
		m.active = i
		m.cur().observe(m.opt.Now())
	}
}

// moveFocus goes round the parts that are there.
func (m *Model) moveFocus(dir int) {
	parts := []area{onKnobs, onLog}
	v := m.cur()
	if v.cardOpen {
		parts = append(parts, onCard)
	}
	i := max(0, slices.Index(parts, v.focus))
	v.focus = parts[(i+dir+len(parts))%len(parts)]
}

func (m *Model) nextLanguage() {
	langs := i18n.Langs()
	i := slices.Index(langs, m.text.Lang())
	for range langs {
		i = (i + 1) % len(langs)
		if next, ok := m.opt.Texts[langs[i]]; ok {
			m.text, m.notice = next, notice{}
			return
		}
	}
}

// checkCard opens the course card, or checks it where it is open.
func (m *Model) checkCard() {
	v := m.cur()
	if !v.cardOpen {
		v.cardOpen, v.focus = true, onCard
		return
	}
	v.entry.Card.Check(m.paneFrame(Rect{}))
}

func (m *Model) hintCard() {
	v := m.cur()
	v.cardOpen = true
	v.entry.Card.Hint(m.paneFrame(Rect{}))
}

// back closes what was opened last; where nothing is open it leaves.
func (m *Model) back() tea.Cmd {
	v := m.cur()
	switch {
	case v.table:
		v.table = false
	case v.filter.text != "":
		v.filter.text, v.back = "", 0
	case v.frozen != nil:
		m.toggleFreeze()
	case v.cardOpen:
		v.cardOpen, v.focus = false, onKnobs
	case v.focus != onKnobs:
		v.focus = onKnobs
	case slices.ContainsFunc(m.labs, (*labView).running):
		m.confirm(m.text.T("ui.confirm.quit"), func(*Model) tea.Cmd { return tea.Quit })
	default:
		return tea.Quit
	}
	return nil
}
