package app

import (
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/i18n"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

// panel is a part of the screen. It has a pointer receiver, fills its rectangle
// exactly, and its View changes nothing.
type panel interface {
	// Update takes a message that is meant for this panel.
	Update(tea.Msg) tea.Cmd
	View() string
	SetRect(Rect)
	// Keys are the keys that this panel takes while it has the focus.
	Keys() []binding
}

// host is what the root offers to all panels of its screen. They change it from
// Update only.
type host struct {
	th      *theme.Theme
	text    *i18n.Catalogue
	now     func() time.Time
	keys    Keymap
	save    func(name string, data []byte) (path string, err error) // nil: no files
	overlay overlay                                                 // nil: none is open
	notice  notice
	// clipboard is the sequence that puts copied text on the clipboard. It is part
	// of the frames while the notice about it is shown.
	clipboard string
	copied    string            // the text
	names     map[string]string // keyName's answers in this language
	// goToCard shows a card of another lab.
	goToCard func(id string)
	// revision grows whenever something visible changes.
	revision uint64
}

// notice is a line that answers a key and disappears after a while.
type notice struct {
	text  string
	until time.Time
}

func (n notice) over(now time.Time) bool { return n.text != "" && now.After(n.until) }

// say shows a notice from the catalogue.
func (h *host) say(key string, args ...any) {
	h.notice = notice{text: h.text.T(key, args...), until: h.now().Add(noticeTime)}
}

// ask opens a question. yes is called when the answer is yes.
func (h *host) ask(question string, yes func() tea.Cmd) {
	h.overlay = &confirmation{host: h, question: question, yes: yes}
}

// changed records that something visible has changed.
func (h *host) changed() { h.revision++ }

// line begins a row of w cells.
func (h *host) line(w int) *widget.Line { return widget.NewLine(h.th, w) }

// heading is a row with a title.
func (h *host) heading(title string, w int) string {
	return h.line(w).Gap(2).Put(h.th.Accent.Strong(), title).String()
}

// keyName writes keys for people, in their language. On an ASCII screen the
// arrows are named: "<" and ">" are other keys.
func (h *host) keyName(show string) string {
	name, ok := h.names[show]
	if !ok {
		name = h.nameOf(show)
		if h.names == nil {
			h.names = map[string]string{}
		}
		h.names[show] = name
	}
	return name
}

func (h *host) nameOf(show string) string {
	if name := "ui.key_name." + show; h.text.Has(name) {
		return h.text.T(name)
	}
	if h.th.Glyph.Set != theme.ASCII {
		return show
	}
	switch show {
	case "↑↓":
		return "jk"
	case "←→":
		return "hl"
	}
	return strings.NewReplacer("↑", "up", "↓", "down", "←", "left", "→", "right").Replace(show)
}

// filled joins rows into a view of exactly w by h cells.
func filled(rows []string, w, h int) string {
	if w <= 0 || h <= 0 {
		return ""
	}
	return strings.Join(widget.Fit(rows, w, h), "\n")
}
