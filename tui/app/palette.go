package app

import (
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/sahilm/fuzzy"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/field"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

// palette finds what a person has a word for: knobs and their choices, actions,
// views, cards, themes and every key, in the words of both languages.
type palette struct {
	*host
	entries []paletteEntry
	found   []int // indexes into entries, the best first
	chosen  int   // index into found
	search  field.Field
	scroll  widget.Window
	rect    Rect
	keys    []binding
}

// paletteEntry is something that can be done.
type paletteEntry struct {
	words string // in the language of the screen
	plain string // in all languages, in plain letters: what is searched
	key   string // the keys that do the same; empty: there are none
	run   func() tea.Cmd
}

func newPalette(h *host, entries []paletteEntry) *palette {
	p := &palette{host: h, entries: entries}
	p.keys = []binding{
		bind("↑", "menu_choose", func() { p.choose(-1) }, "up", "ctrl+p").footer("↑↓", "ui.hint.choose"),
		bind("↓", "menu_choose", func() { p.choose(1) }, "down", "ctrl+n"),
		bind("pgup", "menu_choose", func() { p.choose(1 - p.room()) }, "pgup"),
		bind("pgdn", "menu_choose", func() { p.choose(p.room() - 1) }, "pgdown"),
		command("enter", "palette_do", p.perform, "enter").footer("enter", "ui.hint.accept"),
		bind("esc", "close", p.closeOverlay, "esc").footer("esc", "ui.hint.close"),
	}
	p.search.Open("")
	p.find()
	return p
}

// find lists the entries that suit what is typed: first those that contain it,
// then those that contain its letters in order.
func (p *palette) find() {
	p.found, p.chosen, p.scroll = p.found[:0], 0, widget.Window{}
	wanted := strings.TrimSpace(plainLetters(p.search.Text()))
	if wanted == "" {
		for i := range p.entries {
			p.found = append(p.found, i)
		}
		return
	}
	for _, m := range fuzzy.FindFrom(wanted, (*paletteSource)(p)) {
		p.found = append(p.found, m.Index)
	}
	slices.SortStableFunc(p.found, func(a, b int) int { return p.rank(a, wanted) - p.rank(b, wanted) })
	if len(p.found) > 0 && p.rank(p.found[0], wanted) < scattered { // what contains it is what was meant
		p.found = slices.DeleteFunc(p.found, func(i int) bool { return p.rank(i, wanted) == scattered })
	}
}

// scattered is the rank of what has the letters of a search, but not together.
const scattered = 2

func (p *palette) rank(i int, wanted string) int {
	switch {
	case strings.HasPrefix(plainLetters(p.entries[i].words), wanted):
		return 0
	case strings.Contains(p.entries[i].plain, wanted):
		return 1
	}
	return scattered
}

// paletteSource is what the fuzzy search looks through.
type paletteSource palette

// String implements fuzzy.Source.
func (p *paletteSource) String(i int) string { return p.entries[i].plain }

// Len implements fuzzy.Source.
func (p *paletteSource) Len() int { return len(p.entries) }

func (p *palette) room() int { return max(1, p.rect.H-pageHead) }

func (p *palette) choose(dir int) {
	p.chosen = max(0, min(len(p.found)-1, p.chosen+dir))
	p.scroll.Reveal(p.chosen, len(p.found), p.room()-1)
}

func (p *palette) perform() tea.Cmd {
	p.closeOverlay()
	if len(p.found) == 0 {
		return nil
	}
	return p.entries[p.found[p.chosen]].run()
}

// SetRect implements panel.
func (p *palette) SetRect(r Rect) {
	p.rect = r
	p.choose(0)
}

// Keys implements panel.
func (p *palette) Keys() []binding { return p.keys }

// Update implements panel: what is no key of the palette is typed.
func (p *palette) Update(msg tea.Msg) tea.Cmd {
	key, ok := msg.(tea.KeyMsg)
	if !ok {
		return nil
	}
	if b := find([][]binding{p.keys}, key); b != nil {
		return b.run()
	}
	if p.search.Update(key) {
		p.find()
	}
	return nil
}

// View implements panel.
func (p *palette) View() string {
	w := p.rect.W
	head := p.line(w).Gap(2).Put(p.th.Accent.Strong(), p.text.T("ui.palette")).Gap(2).Put(p.th.Focus, ":")
	p.search.Draw(head, p.th.Focus, p.th.Invert, head.Left()/2)
	rows := make([]string, 0, len(p.found))
	for i, at := range p.found {
		rows = append(rows, p.row(i, p.entries[at]))
	}
	if len(rows) == 0 {
		rows = append(rows, p.line(w).Gap(4).Put(p.th.Dim, p.text.T("ui.palette_nothing", p.search.Text())).String())
	}
	return filled(append([]string{head.String(), ""}, widget.Scrolled(p.th, rows, p.scroll, w, p.room())...), w, p.rect.H)
}

func (p *palette) row(i int, e paletteEntry) string {
	w := p.rect.W
	l, style := p.line(w).Gap(2), p.th.Text
	if i == p.chosen {
		style = p.th.Text.Strong()
		l.Put(p.th.Focus.Strong(), p.th.Glyph.Pointer)
	}
	key := p.keyName(e.key)
	l.To(4).Cell(style, e.words, max(0, min(l.Left(), 64)-widget.Width(key)-2))
	return l.Gap(2).Put(p.th.Accent, key).String()
}

// finder lists all that can be done now.
type finder struct{ *Model }

// open opens the palette with it.
func (m finder) open() {
	m.host.overlay = newPalette(m.host, slices.Concat(m.keyEntries(), m.knobEntries(), m.actionEntries(), m.cardEntries(), m.themeEntries()))
}

// entry is something with words that depend on the language.
func (m finder) entry(key string, run func() tea.Cmd, words func(*i18n.Catalogue) string) paletteEntry {
	e := paletteEntry{words: words(m.host.text), key: key, run: run}
	for _, text := range m.opt.Texts {
		e.plain += plainLetters(words(text)) + " "
	}
	return e
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

// knobEntries are the knobs, which are chosen, and their choices, which are set.
func (m finder) knobEntries() (entries []paletteEntry) {
	s := m.cur()
	id := s.lab.spec.ID
	for i, k := range s.knobs.knobs {
		name := func(text *i18n.Catalogue) string { return text.T(id + ".knob." + k.ID + ".name") }
		entries = append(entries, m.entry("", func() tea.Cmd {
			s.setFocus(onKnobs)
			s.knobs.selected = i
			return nil
		}, func(text *i18n.Catalogue) string { return text.T("ui.palette_knob", name(text)) }))
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

// actionEntries are what can be made to happen to the lab.
func (m finder) actionEntries() (entries []paletteEntry) {
	s := m.cur()
	for _, a := range s.lab.spec.Actions {
		entries = append(entries, m.entry("", func() tea.Cmd { return s.perform(a) }, func(text *i18n.Catalogue) string {
			return text.T(s.lab.spec.ID + ".action." + a.ID)
		}))
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
