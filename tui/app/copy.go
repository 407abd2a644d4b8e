package app

import (
	"strings"

	"github.com/aymanbagabas/go-osc52/v2"
	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/runline"
	"resilab/tui/widget"
)

// copyText asks the terminal to put text on the clipboard, with OSC 52, which also
// works over SSH, and says so. Where the terminal does not take it, the text is
// shown to be selected.
func (h *host) copyText(text string) {
	if !h.th.Clipboard() {
		h.showText(text)
		return
	}
	h.say("ui.copied", h.keys.of("copy").show)
	h.clipboard, h.copied = osc52.New(text).String(), text
}

// showText opens a page with a text to be selected.
func (h *host) showText(text string) {
	h.overlay = newPage(h, h.text.T("ui.copy.select"), func(w int) []string {
		return h.codeRows(strings.Split(strings.TrimRight(text, "\n"), "\n"), w)
	}, "q", "enter")
}

// copier copies what a lab's screen shows.
type copier struct{ *labScreen }

// open offers what can be copied. While the notice of the last copy is shown
// it shows the text instead: no terminal says whether it took it.
func (s copier) open() {
	if s.copied != "" {
		s.showText(s.copied)
		s.notice, s.clipboard, s.copied = notice{}, "", ""
		return
	}
	var items []item
	add := func(name, text string) {
		if text != "" {
			items = append(items, item{s.text.T(name, text), func() tea.Cmd {
				s.copyText(text)
				return nil
			}})
		}
	}
	if s.focus == onLog {
		add("ui.copy.log", s.logLine())
	}
	add("ui.copy.run", s.runLine())
	add("ui.copy.address", s.address())
	if s.focus != onLog {
		add("ui.copy.log", s.logLine())
	}
	s.overlay = newMenu(s.host, s.text.T("ui.copy.title"), "copy", s.host.keys.of("copy").keys[0], items)
}

// runLine is the run as a line: of run A and what is set now where A was kept.
func (s copier) runLine() string {
	line := runline.Line{Spec: s.lab.spec, Seed: s.lab.exp.Seed(), A: s.lab.exp.Settings()}
	if a, b := s.lab.exp.Captured(); a != nil {
		line.A = a.Knobs
		if line.B = s.lab.exp.Settings(); b != nil {
			line.B = b.Knobs
		}
	}
	return line.String()
}

// address is the first note of the lab with an address, such as a curl line.
func (s copier) address() string {
	if s.lab.snap == nil {
		return ""
	}
	for _, note := range s.lab.snap.Notes {
		if text := s.text.T(note.Key, note.Args...); strings.Contains(text, "http://") {
			if at := strings.Index(text, "curl "); at >= 0 {
				return text[at:]
			}
			return text[strings.Index(text, "http://"):]
		}
	}
	return ""
}

// logLine is the log's line at the bottom: the newest, or that it was scrolled to.
func (s copier) logLine() string {
	events := s.log.log().Matching(s.text)
	if n := len(events) - s.log.back; n > 0 {
		e := events[n-1]
		return widget.EventTime(e.At-s.log.log().Began) + " " + s.text.T(e.Key, e.Args...)
	}
	return ""
}
