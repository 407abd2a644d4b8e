package app

import (
	tea "github.com/charmbracelet/bubbletea"

	"resilab/tui/field"
	"resilab/tui/widget"
)

// page is a text to read.
type page struct {
	*host
	title  string
	rows   func(w int) []string // the text in rows of at most w cells
	rect   Rect
	lines  []string
	scroll widget.Window
	keys   []binding
}

const pageHead = 2 // rows of the title

// newPage returns a page that more keys can be added to. closes are the keys that
// close it besides esc.
func newPage(h *host, title string, rows func(w int) []string, closes ...string) *page {
	p := &page{host: h, title: title, rows: rows}
	p.keys = append(p.scrollKeys(), bind("esc", "close", p.closeOverlay, append([]string{"esc"}, closes...)...).footer("esc", "ui.hint.close"))
	return p
}

func (p *page) scrollKeys() []binding {
	return onlyAll(scrollKeys("page_scroll", p.move, func() int { return max(1, p.room()-2) }), func() bool { return len(p.lines) > p.room() })
}

// SetRect implements panel.
func (p *page) SetRect(r Rect) {
	if p.rect != r {
		p.rect = r
		p.renew()
	}
	p.move(0)
}

// renew makes the rows again.
func (p *page) renew() { p.lines = p.rows(max(0, p.rect.W-4)) }

func (p *page) room() int { return max(1, p.rect.H-pageHead) }

func (p *page) move(rows int) { p.scroll.Move(rows, len(p.lines), p.room()-1) }

// Keys implements panel.
func (p *page) Keys() []binding { return p.keys }

// Update implements panel.
func (p *page) Update(msg tea.Msg) tea.Cmd { return press(p.keys, msg) }

// View implements panel.
func (p *page) View() string { return p.view(p.heading(p.title, p.rect.W)) }

func (p *page) view(heading string) string {
	rows := []string{heading, ""}
	for _, row := range widget.Scrolled(p.th, p.lines, p.scroll, max(0, p.rect.W-4), p.room()) {
		rows = append(rows, widget.Blank(2)+row)
	}
	return filled(rows, p.rect.W, p.rect.H)
}

// searchPage is a page that shows only what contains the words being typed.
type searchPage struct {
	page
	search field.Field
}

// newSearchPage returns a page whose rows depend on what is typed.
func newSearchPage(h *host, title string, rows func(w int, wanted string) []string) *searchPage {
	p := &searchPage{}
	p.page = *newPage(h, title, func(w int) []string { return rows(w, p.search.Text()) })
	p.keys = onlyAll([]binding{
		bind("↑", "page_scroll", func() { p.move(-1) }, "up").footer("↑ ↓", "ui.hint.scroll"),
		bind("↓", "page_scroll", func() { p.move(1) }, "down"),
		bind("pgup", "page_scroll", func() { p.move(2 - p.room()) }, "pgup"),
		bind("pgdn", "page_scroll", func() { p.move(p.room() - 2) }, "pgdown"),
	}, func() bool { return len(p.lines) > p.room() })
	p.keys = append(p.keys, bind("esc", "close", p.back, "esc").footer("esc", "ui.hint.close"))
	p.search.Open("")
	return p
}

// back removes what was typed; where nothing was, it closes the page.
func (p *searchPage) back() {
	if p.search.Text() == "" {
		p.closeOverlay()
		return
	}
	p.search.Open("")
	p.renew()
}

// Update implements panel: what is no key of the page is typed.
func (p *searchPage) Update(msg tea.Msg) tea.Cmd {
	key, ok := msg.(tea.KeyMsg)
	if !ok {
		return nil
	}
	if b := find([][]binding{p.keys}, key); b != nil {
		return b.run()
	}
	if key.String() == "?" && p.search.Text() == "" { // the key that opened the help closes it, too
		p.closeOverlay()
	} else if p.search.Update(key) {
		p.scroll = widget.Window{}
		p.renew()
	}
	return nil
}

// View implements panel.
func (p *searchPage) View() string {
	l := p.line(p.rect.W).Gap(2).Put(p.th.Accent.Strong(), p.title).Gap(3)
	if p.search.Text() == "" {
		l.Put(p.th.Dim, p.text.T("ui.type_to_search"))
	} else {
		l.Put(p.th.Focus, "/")
		p.search.Draw(l, p.th.Focus, p.th.Invert, l.Left()/2)
	}
	return p.view(l.String())
}
