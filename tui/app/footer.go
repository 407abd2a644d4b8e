package app

import (
	"resilab/labs/lab"
	"resilab/tui/widget"
)

// footer is the row of keys. What it is made of is kept, so that a frame allocates
// nothing for it.
type footer struct {
	hints []hint
	lists [][]binding
}

// row shows the few keys that matter where the focus is. The last one,
// which leads to all the others, is there however narrow the screen is.
func (f *footer) row(m *Model) string {
	l := m.host.line(m.w).Gap(1)
	hints := f.keys(m)
	if len(hints) == 0 {
		return l.String()
	}
	last := hints[len(hints)-1]
	reserve := m.host.hintWidth(last)
	for _, h := range hints[:len(hints)-1] {
		if l.Left() < m.host.hintWidth(h)+reserve {
			break
		}
		m.host.putHint(l, h)
	}
	m.host.putHint(l, last)
	return l.String()
}

const hintGap = 3

func (h *host) hintWidth(k hint) int {
	return widget.Width(h.keyName(k.show)) + 1 + widget.Width(k.words) + hintGap
}

func (h *host) putHint(l *widget.Line, k hint) {
	l.Put(h.th.Text.Strong(), h.keyName(k.show)).Gap(1).Put(h.th.Dim, k.words).Gap(hintGap)
}

// keys are those that apply now, so that none is shown that does nothing.
func (f *footer) keys(m *Model) []hint {
	f.hints = f.collect(m, f.hints[:0])
	return f.hints
}

func (f *footer) collect(m *Model, hints []hint) []hint {
	h, s := m.host, m.cur()
	if m.tour != nil {
		return append(hints, hint{h.text.T("ui.tour.any"), h.text.T("ui.tour.stop")})
	}
	if h.overlay != nil {
		return h.all(hints, h.overlay.Keys())
	}
	if s.typing() != nil {
		return s.typingHints(hints)
	}
	lists := append(append(f.lists[:0], s.keys()...), m.keys)
	f.lists = lists
	if s.focus == onCard {
		card := h.all(nil, s.card.Keys()) // the first three are what comes next
		first := min(3, len(card))
		hints = append(hints, card[:first]...)
		if s.card.card.Judges() {
			hints = h.hintsOf(hints, lists, "check", "hint")
		}
		return h.hintsOf(append(hints, card[first:]...), lists, "help")
	}
	return h.hintsOf(hints, lists, s.footerOrder()...)
}

// all appends the footer's keys of a list, in its order.
func (h *host) all(hints []hint, keys []binding) []hint {
	for i := range keys {
		if b := &keys[i]; b.word() != "" && b.applies() {
			hints = append(hints, hint{b.foot.show, h.text.T(b.word())})
		}
	}
	return hints
}

// typingHints appends the keys of the field that is open.
func (s *labScreen) typingHints(hints []hint) []hint {
	switch {
	case s.knobs.value.IsOpen():
		return append(hints, hint{"enter", s.text.T("ui.hint.set")}, hint{"esc", s.text.T("ui.hint.cancel")})
	case s.log.filter.IsOpen():
		return append(hints, hint{"enter", s.text.T("ui.hint.keep")}, hint{"esc", s.text.T("ui.hint.clear")})
	}
	return s.all(hints, s.card.Keys())
}

// footerOrder lists what the footer shows, the most useful first. The last one
// leads to all others.
func (s *labScreen) footerOrder() []string {
	capture := "capture_a"
	if a, _ := s.lab.exp.Captured(); a != nil {
		capture = "capture_b"
	}
	switch {
	case s.focus == onLog:
		return []string{"log_scroll", "filter", "notable", "freeze", "focus_next", "help"}
	case s.focus == onTable:
		return []string{"table_scroll", "capture_a", "capture_b", "table", "step_down", "focus_next", "help"}
	case s.lab.seen.phase == lab.Failed:
		return []string{"reset", "focus_next", "help"}
	}
	return []string{"knob_choose", "step_down", "pause", "view", "check", capture, "palette", "help"}
}
