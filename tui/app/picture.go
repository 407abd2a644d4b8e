package app

import (
	"strconv"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/tui/pane/generic"
	"resilab/tui/widget"
)

// picturePanel shows the lab's picture, or runs A and B side by side.
type picturePanel struct {
	*host
	lab     *labState
	rect    Rect
	view    int  // which of the picture's views
	table   bool // A and B stand in the picture's place
	scroll  widget.Window
	focused bool
	scrolls []binding
	views   []string // the catalogue's keys of the views' names
}

func newPicturePanel(h *host, v *labState) *picturePanel {
	p := &picturePanel{host: h, lab: v}
	p.scrolls = onlyAll(scrollKeys("table_scroll", p.move, func() int { return max(1, p.rect.H-2) }), func() bool { return p.table })
	for i := range v.entry.Picture.Views() {
		p.views = append(p.views, v.spec.ID+".view."+strconv.Itoa(i))
	}
	return p
}

// SetRect implements panel.
func (p *picturePanel) SetRect(r Rect) {
	p.rect = r
	p.move(0)
}

// Update implements panel: the wheel scrolls the table.
func (p *picturePanel) Update(msg tea.Msg) tea.Cmd {
	if m, ok := msg.(tea.MouseMsg); ok && p.table {
		p.move(-wheelRows * wheel(m))
	}
	return nil
}

// Keys implements panel.
func (p *picturePanel) Keys() []binding { return p.scrolls }

// scrollKeys scroll a panel by one row or by what it shows at once.
func scrollKeys(means string, move func(rows int), page func() int) []binding {
	return []binding{
		bind("↑ k", means, func() { move(-1) }, "up", "k").footer("↑↓", "ui.hint.scroll"),
		bind("↓ j", means, func() { move(1) }, "down", "j"),
		bind("pgup", means, func() { move(-page()) }, "pgup"),
		bind("pgdn", means, func() { move(page()) }, "pgdown"),
	}
}

// move scrolls the table.
func (p *picturePanel) move(rows int) {
	if p.table {
		t := p.compared()
		p.scroll.Move(rows, len(t.Rows), p.rect.H-len(t.Head)-1)
	}
}

func (p *picturePanel) compared() generic.Comparison { return generic.Compare(p.lab.frame(p.rect)) }

// View implements panel.
func (p *picturePanel) View() string {
	f := p.lab.frame(p.rect)
	f.View = p.view
	rows, ok := p.lab.instead(f)
	switch {
	case ok:
	case p.table:
		t := p.compared()
		rows = append(t.Head, widget.Scrolled(f.Theme, t.Rows, p.scroll, f.W, f.H-len(t.Head))...)
	default:
		rows = p.lab.entry.Picture.Draw(f)
	}
	return filled(rows, f.W, f.H)
}

// viewKeys makes the keys that choose what the panel shows.
func (p *picturePanel) viewKeys(show func(view int)) []binding {
	next := func() int { return (p.view + 1) % len(p.views) }
	several := func() bool { return p.rect.H > 0 && len(p.views) > 1 }
	return []binding{p.keys.bind("view", func() { show(next()) }).only(several).
		footerNow(p.keys.of("view").show, func() string { return p.views[next()] })}
}
