package app

import (
	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/lab"
	"resilab/tui/widget"
)

// overlay is a panel that takes the whole body and every key while it is open.
type overlay = panel

func (h *host) closeOverlay() { h.overlay = nil }

// press runs what a key means in a list of bindings.
func press(keys []binding, msg tea.Msg) tea.Cmd {
	if key, ok := msg.(tea.KeyMsg); ok {
		if b, found := find([][]binding{keys}, key); found {
			return b.run()
		}
	}
	return nil
}

// page is a text to read: the help, an export.
type page struct {
	*host
	title  string
	rows   func(w int) []string // the text in rows of at most w cells
	closes string               // the key that opened the page closes it, too
	rect   Rect
	lines  []string
	scroll widget.Window
}

const pageHead = 2 // rows of the title

func newPage(h *host, title string, rows func(w int) []string, closes string) *page {
	return &page{host: h, title: title, rows: rows, closes: closes}
}

// SetRect implements panel.
func (p *page) SetRect(r Rect) {
	if p.rect != r {
		p.rect, p.lines = r, p.rows(max(0, r.W-4))
	}
	p.move(0)
}

func (p *page) room() int { return max(1, p.rect.H-pageHead) }

func (p *page) move(rows int) { p.scroll.Move(rows, len(p.lines), p.room()-1) }

// Keys implements panel.
func (p *page) Keys() []binding {
	keys := onlyAll(scrollKeys("page_scroll", p.move, func() int { return max(1, p.room()-2) }), func() bool { return len(p.lines) > p.room() })
	return append(keys,
		bind("esc", "close", p.closeOverlay, "esc", "q", "enter", p.closes).footer("esc", "ui.hint.close"))
}

// Update implements panel.
func (p *page) Update(msg tea.Msg) tea.Cmd { return press(p.Keys(), msg) }

// View implements panel.
func (p *page) View() string {
	rows := []string{p.heading(p.title, p.rect.W), ""}
	for _, row := range widget.Scrolled(p.th, p.lines, p.scroll, max(0, p.rect.W-4), p.room()) {
		rows = append(rows, widget.Blank(2)+row)
	}
	return filled(rows, p.rect.W, p.rect.H)
}

// confirmation asks before something that cannot be undone.
type confirmation struct {
	*host
	question string
	yes      func() tea.Cmd
	rect     Rect
}

// SetRect implements panel.
func (c *confirmation) SetRect(r Rect) { c.rect = r }

// Keys implements panel.
func (c *confirmation) Keys() []binding {
	return []binding{
		command("enter", "yes", func() tea.Cmd {
			c.closeOverlay()
			return c.yes()
		}, "enter", "y", "s").footer("enter", "ui.hint.yes"),
		bind("esc", "no", c.closeOverlay, "esc", "n", "q").footer("esc", "ui.hint.no"),
	}
}

// Update implements panel.
func (c *confirmation) Update(msg tea.Msg) tea.Cmd { return press(c.Keys(), msg) }

// View implements panel.
func (c *confirmation) View() string {
	w := c.rect.W
	rows := make([]string, max(0, c.rect.H/2-2))
	for _, row := range widget.Wrap(c.question, max(20, w-8)) {
		rows = append(rows, c.line(w).Gap((w-widget.Width(row))/2).Put(c.th.Text.Strong(), row).String())
	}
	answer := c.text.T("ui.confirm.answer")
	rows = append(rows, "", c.line(w).Gap((w-widget.Width(answer))/2).Put(c.th.Dim, answer).String())
	return filled(rows, w, c.rect.H)
}

// menu offers what can be made to happen to a lab: faults first.
type menu struct {
	*host
	lab     *labState
	actions []lab.Action
	chosen  int
	scroll  widget.Window
	rect    Rect
}

// SetRect implements panel.
func (n *menu) SetRect(r Rect) {
	n.rect = r
	n.choose(0)
}

func (n *menu) room() int { return max(1, n.rect.H-pageHead) }

func (n *menu) choose(dir int) {
	n.chosen = max(0, min(len(n.actions)-1, n.chosen+dir))
	n.scroll.Reveal(n.chosen, len(n.actions), n.room()-1)
}

// Keys implements panel.
func (n *menu) Keys() []binding {
	return []binding{
		bind("↑ k", "menu_choose", func() { n.choose(-1) }, "up", "k").footer("↑↓", "ui.hint.choose"),
		bind("↓ j", "menu_choose", func() { n.choose(1) }, "down", "j"),
		bind("enter", "menu_do", func() { n.perform(n.actions[n.chosen]) }, "enter", " ").footer("enter", "ui.hint.do"),
		bind("esc", "close", n.closeOverlay, "esc", "q", "f").footer("esc", "ui.hint.close"),
	}
}

// Update implements panel.
func (n *menu) Update(msg tea.Msg) tea.Cmd { return press(n.Keys(), msg) }

// perform does one of the lab's actions. Where the action cannot be undone it asks
// first.
func (n *menu) perform(a lab.Action) {
	n.closeOverlay()
	exp, key := n.lab.exp, n.lab.spec.ID+".action."+a.ID
	do := func() tea.Cmd {
		exp.Do(a.ID)
		if done := key + "_done"; n.text.Has(done) {
			n.say(done)
		} else {
			n.say("ui.done", n.text.T(key))
		}
		return nil
	}
	if a.Confirm {
		n.ask(n.text.T("ui.confirm.action", n.text.T(key)), do)
		return
	}
	do()
}

// View implements panel.
func (n *menu) View() string {
	rows := make([]string, 0, len(n.actions))
	for i, a := range n.actions {
		l, style := n.line(n.rect.W).Gap(2), n.th.Text
		if i == n.chosen {
			style = n.th.Text.Strong()
			l.Put(n.th.Focus.Strong(), n.th.Glyph.Pointer)
		}
		rows = append(rows, l.To(4).Put(style, n.text.T(n.lab.spec.ID+".action."+a.ID)).String())
	}
	head := []string{n.heading(n.text.T("ui.faults"), n.rect.W), ""}
	return filled(append(head, widget.Scrolled(n.th, rows, n.scroll, n.rect.W, n.room())...), n.rect.W, n.rect.H)
}
