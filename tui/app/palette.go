package app

import (
	"cmp"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/sahilm/fuzzy"

	"resilab/tui/field"
	"resilab/tui/widget"
)

// palette finds what a person has a word for: the knobs of all labs with their
// choices, actions and views, cards, themes and every key, in the words of both
// languages. Knobs are also found by their flags of the command line.
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
	lab   string // the name of its lab, where that is not the open one
	words string // in the language of the screen
	plain string // in all languages, in plain letters: what is searched
	flag  string // a knob's name on the command line, which is searched too
	key   string // the keys that do the same; empty: there are none
	run   func() tea.Cmd
}

func newPalette(h *host, entries []paletteEntry) *palette {
	p := &palette{host: h, entries: entries}
	p.keys = []binding{
		bind("↑", "menu_choose", func() { p.choose(-1) }, "up", "ctrl+p").footer("↑ ↓", "ui.hint.choose"),
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

// find lists the entries that suit what is typed: those that contain it, or else
// those that contain its letters in order. Those of the open lab come first.
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
	together := func(i int) bool { return p.rank(i, wanted) < scattered }
	if slices.ContainsFunc(p.found, together) { // what contains it is what was meant
		p.found = slices.DeleteFunc(p.found, func(i int) bool { return !together(i) })
	}
	slices.SortStableFunc(p.found, func(a, b int) int {
		return cmp.Or(p.away(a)-p.away(b), p.rank(a, wanted)-p.rank(b, wanted))
	})
}

// away is 1 for what belongs to a lab that is not open.
func (p *palette) away(i int) int { return min(1, len(p.entries[i].lab)) }

// scattered is the rank of what has the letters of a search, but not together.
const scattered = 2

func (p *palette) rank(i int, wanted string) int {
	switch {
	case strings.HasPrefix(plainLetters(p.entries[i].words), wanted), strings.HasPrefix(p.entries[i].flag, wanted):
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
	room := 64
	if l.To(4); e.lab != "" {
		l.Put(p.th.Dim, e.lab+" · ")
		room -= widget.Width(e.lab) + 3
	}
	l.Cell(style, e.words, max(0, min(l.Left(), room)-widget.Width(key)-2))
	return l.Gap(2).Put(p.th.Accent, key).String()
}
