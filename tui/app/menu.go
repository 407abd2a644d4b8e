package app

import (
	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/lab"
	"resilab/tui/widget"
)

// item is a line of a menu.
type item struct {
	words string
	run   func() tea.Cmd
}

// menu offers items to choose one from.
type menu struct {
	*host
	title  string
	items  []item
	chosen int
	scroll widget.Window
	rect   Rect
	keys   []binding
}

// newMenu returns a menu. does is the catalogue's key of what enter does, below
// ui.key and ui.hint; closes is the key that opened the menu.
func newMenu(h *host, title, does, closes string, items []item) *menu {
	n := &menu{host: h, title: title, items: items}
	n.keys = []binding{
		bind("↑ k", "menu_choose", func() { n.choose(-1) }, "up", "k").footer("↑↓", "ui.hint.choose"),
		bind("↓ j", "menu_choose", func() { n.choose(1) }, "down", "j"),
		command("enter", does, n.perform, "enter", " ").footer("enter", "ui.hint."+does),
		bind("esc", "close", n.closeOverlay, "esc", "q", closes).footer("esc", "ui.hint.close"),
	}
	return n
}

// SetRect implements panel.
func (n *menu) SetRect(r Rect) {
	n.rect = r
	n.choose(0)
}

func (n *menu) room() int { return max(1, n.rect.H-pageHead) }

func (n *menu) choose(dir int) {
	n.chosen = max(0, min(len(n.items)-1, n.chosen+dir))
	n.scroll.Reveal(n.chosen, len(n.items), n.room()-1)
}

func (n *menu) perform() tea.Cmd {
	n.closeOverlay()
	return n.items[n.chosen].run()
}

// Keys implements panel.
func (n *menu) Keys() []binding { return n.keys }

// Update implements panel.
func (n *menu) Update(msg tea.Msg) tea.Cmd { return press(n.keys, msg) }

// View implements panel.
func (n *menu) View() string {
	rows := make([]string, 0, len(n.items))
	for i, it := range n.items {
		l, style := n.line(n.rect.W).Gap(2), n.th.Text
		if i == n.chosen {
			style = n.th.Text.Strong()
			l.Put(n.th.Focus.Strong(), n.th.Glyph.Pointer)
		}
		rows = append(rows, l.To(4).Put(style, it.words).String())
	}
	head := []string{n.heading(n.title, n.rect.W), ""}
	return filled(append(head, widget.Scrolled(n.th, rows, n.scroll, n.rect.W, n.room())...), n.rect.W, n.rect.H)
}

// openFaults offers what can be made to happen to the lab: faults first.
func (s *labScreen) openFaults() {
	var faults, others []item
	for _, a := range s.lab.spec.Actions {
		it := item{s.actionName(a), func() tea.Cmd { return s.perform(a) }}
		if a.Fault {
			faults = append(faults, it)
		} else {
			others = append(others, it)
		}
	}
	s.overlay = newMenu(s.host, s.text.T("ui.faults"), "cause", s.host.keys.of("fault").keys[0], append(faults, others...))
}

func (s *labScreen) actionName(a lab.Action) string {
	return s.text.T(s.lab.spec.ID + ".action." + a.ID)
}

// perform does one of the lab's actions. Where the action cannot be undone it asks
// first.
func (s *labScreen) perform(a lab.Action) tea.Cmd {
	do := func() tea.Cmd {
		s.lab.exp.Do(a.ID)
		if done := s.lab.spec.ID + ".action." + a.ID + "_done"; s.text.Has(done) {
			s.say(done)
		} else {
			s.say("ui.done", s.actionName(a))
		}
		return nil
	}
	if a.Confirm {
		s.ask(s.text.T("ui.confirm.action", s.actionName(a)), do)
		return nil
	}
	return do()
}
