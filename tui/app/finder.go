package app

import (
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

// finder lists all that can be done now.
type finder struct{ *Model }

// open opens the palette with it.
func (m finder) open() {
	entries := slices.Concat(m.keyEntries(), m.entriesOf(m.cur()), m.cardEntries(), m.themeEntries())
	for _, s := range m.labs {
		if s != m.cur() {
			entries = append(entries, m.entriesOf(s)...)
		}
	}
	m.host.overlay = newPalette(m.host, entries)
}

// entriesOf are the knobs, actions and views of a lab.
func (m finder) entriesOf(s *labScreen) []paletteEntry {
	entries := slices.Concat(m.knobEntries(s), m.actionEntries(s), m.viewEntries(s))
	if s == m.cur() {
		return entries
	}
	for i := range entries {
		m.elsewhere(&entries[i], s)
	}
	return entries
}

// elsewhere makes an entry one of a lab that is not open: it carries the lab's name,
// is found by it, and brings the lab to the front.
func (m finder) elsewhere(e *paletteEntry, s *labScreen) {
	name := func(text *i18n.Catalogue) string { return text.T(s.lab.spec.ID + ".name") }
	e.lab, e.plain = name(m.host.text), m.plain(name)+e.plain
	run := e.run
	e.run = func() tea.Cmd {
		m.show(slices.Index(m.labs, s))
		return run()
	}
}

// entry is something with words that depend on the language.
func (m finder) entry(key string, run func() tea.Cmd, words func(*i18n.Catalogue) string) paletteEntry {
	return paletteEntry{words: words(m.host.text), plain: m.plain(words), key: key, run: run}
}

// plain returns words in all languages, in plain letters.
func (m finder) plain(words func(*i18n.Catalogue) string) (all string) {
	for _, lang := range i18n.Langs() {
		if text, ok := m.opt.Texts[lang]; ok {
			all += plainLetters(words(text)) + " "
		}
	}
	return all
}

// keyEntries are the keys that do something here.
func (m finder) keyEntries() (entries []paletteEntry) {
	s := m.cur()
	for _, list := range [][]binding{s.bound.run, s.bound.view, s.bound.part, s.bound.log, s.bound.turn, m.keys} {
		for _, b := range list {
			switch {
			case !b.applies() || b.id == "palette":
			case b.id == "lab":
				entries = append(entries, m.labEntry(b))
			default:
				entries = append(entries, m.entry(b.show, b.run, func(text *i18n.Catalogue) string { return text.T(b.means) }))
			}
		}
	}
	return entries
}

// labEntry is the key of a lab with the lab's name.
func (m finder) labEntry(b binding) paletteEntry {
	id := m.labs[int(b.show[0]-'1')].lab.spec.ID
	return m.entry(b.show, b.run, func(text *i18n.Catalogue) string { return text.T("ui.palette_lab", text.T(id+".name")) })
}

// knobEntries are a lab's knobs, which are chosen, and their choices, which are set.
func (m finder) knobEntries(s *labScreen) (entries []paletteEntry) {
	id := s.lab.spec.ID
	for i, k := range s.knobs.knobs {
		name := func(text *i18n.Catalogue) string { return text.T(id + ".knob." + k.ID + ".name") }
		knob := m.entry("", func() tea.Cmd {
			s.setFocus(onKnobs)
			s.knobs.selected = i
			return nil
		}, func(text *i18n.Catalogue) string { return text.T("ui.palette_knob", name(text)) })
		knob.flag = k.ID
		knob.plain += k.ID
		entries = append(entries, knob)
		for _, c := range k.Choices {
			entries = append(entries, m.entry("", func() tea.Cmd {
				s.knobs.selected = i
				s.knobs.set(k, lab.ChoiceValue(c))
				return nil
			}, func(text *i18n.Catalogue) string {
				return name(text) + ": " + widget.KnobText(text, id, k, lab.ChoiceValue(c))
			}))
		}
	}
	return entries
}

// actionEntries are what can be made to happen to a lab.
func (m finder) actionEntries(s *labScreen) (entries []paletteEntry) {
	for _, a := range s.lab.spec.Actions {
		entries = append(entries, m.entry("", func() tea.Cmd { return s.perform(a) }, func(text *i18n.Catalogue) string {
			return text.T(s.lab.spec.ID + ".action." + a.ID)
		}))
	}
	return entries
}

// viewEntries are the views of a lab's picture. The open lab's may have no room.
func (m finder) viewEntries(s *labScreen) (entries []paletteEntry) {
	if len(s.picture.views) < 2 || s == m.cur() && s.picture.rect.H == 0 {
		return nil
	}
	for i, view := range s.picture.views {
		entries = append(entries, m.entry("", func() tea.Cmd {
			showView(s, i)
			return nil
		}, func(text *i18n.Catalogue) string { return text.T("ui.palette_view", text.T(view)) }))
	}
	return entries
}

// cardEntries are the course's cards, of all labs.
func (m finder) cardEntries() (entries []paletteEntry) {
	card := m.cur().card.card
	if card == nil {
		return nil
	}
	for _, c := range card.Titles() {
		entries = append(entries, m.entry("", func() tea.Cmd {
			m.goToCard(c.ID)
			return nil
		}, func(text *i18n.Catalogue) string { return text.T("ui.palette_card", c.ID, c.Title(text.Lang())) }))
	}
	return entries
}

// themeEntries are the themes.
func (m finder) themeEntries() (entries []paletteEntry) {
	for _, name := range theme.Names() {
		entries = append(entries, m.entry("", func() tea.Cmd {
			m.host.setTheme(name)
			return nil
		}, func(text *i18n.Catalogue) string { return text.T("ui.palette_theme", text.T("ui.theme."+name)) }))
	}
	return entries
}
