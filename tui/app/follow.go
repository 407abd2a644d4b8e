package app

import (
	tea "github.com/charmbracelet/bubbletea"

	"resilab/tui/widget"
)

// Key is a key that means the same everywhere, as the root's keys do. What it
// does is the caller's.
type Key struct {
	Key   string // as Bubble Tea names it
	Means string // the catalogue's key of what it does, below ui.key
	Run   func() // is called from Update; must not block
}

// OpenCardMsg opens a course card, of whichever lab it is.
type OpenCardMsg string

// HintMsg shows the next hint of the card of the lab that is shown.
type HintMsg struct{}

// AwayMsg says whether nobody sees the program, as while the person follows
// another screen.
type AwayMsg bool

// Revision changes whenever something visible does.
func (m *Model) Revision() uint64 { return m.host.revision }

// ViewAt returns the screen as it is in another size, rows separated by line
// feeds. It is called from the goroutine of Update.
func (m *Model) ViewAt(w, h int) string {
	if w == m.w && h == m.h && m.host.clipboard == "" { // what one copies is not for those who follow
		return m.View()
	}
	restore := keepSize(m)
	defer restore()
	m.w, m.h = w, h
	m.arrange()
	return m.draw()
}

// keepSize returns a function that restores the size and what depends on it.
func keepSize(m *Model) (restore func()) {
	w, h := m.w, m.h
	windows := []*widget.Window{&m.cur().picture.scroll}
	switch o := m.host.overlay.(type) {
	case *page:
		windows = append(windows, &o.scroll)
	case *searchPage:
		windows = append(windows, &o.scroll)
	case *exportPage:
		windows = append(windows, &o.scroll)
	case *palette:
		windows = append(windows, &o.scroll)
	case *menu:
		windows = append(windows, &o.scroll)
	}
	tops := make([]int, len(windows))
	for i, window := range windows {
		tops[i] = window.Top
	}
	return func() {
		m.w, m.h = w, h
		m.arrange()
		for i, window := range windows {
			window.Top = tops[i]
		}
	}
}

// onOrder does what a message asks for.
func (m *Model) onOrder(msg tea.Msg) tea.Cmd {
	m.host.changed()
	switch msg := msg.(type) {
	case OpenCardMsg:
		m.host.overlay = nil
		m.goToCard(string(msg))
	case HintMsg:
		if s := m.cur(); s.card.card != nil {
			s.hintCard()
		}
	}
	return m.clock.wake()
}
