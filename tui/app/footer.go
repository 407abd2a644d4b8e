package app

import (
	"resilab/labs/lab"
	"resilab/tui/widget"
)

// footerRow shows the few keys that matter where the focus is. The last one,
// which leads to all the others, is there however narrow the screen is.
func (m *Model) footerRow() string {
	l := m.host.line(m.w).Gap(1)
	hints := m.footerHints()
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

// footerHints are made of the keys that apply now, so that none is shown that
// does nothing.
func (m *Model) footerHints() []hint {
	h, s := m.host, m.cur()
	if h.overlay != nil {
		return h.all(h.overlay.Keys())
	}
	if s.typing() != nil {
		return s.typingHints()
	}
	lists := append(s.keys(), m.keys())
	if s.focus == onCard {
		card := h.all(s.card.Keys()) // the first three are what comes next
		rest := h.hintsOf(lists, "check", "hint")
		first := min(3, len(card))
		return append(append(append(card[:first:first], rest...), card[first:]...), h.hintsOf(lists, "help")...)
	}
	return h.hintsOf(lists, s.footerOrder()...)
}

// all are the footer's keys of a list, in its order.
func (h *host) all(keys []binding) (hints []hint) {
	for _, b := range keys {
		if b.foot.show != "" && b.applies() {
			hints = append(hints, hint{b.foot.show, h.text.T(b.foot.means)})
		}
	}
	return hints
}

// typingHints are the keys of the field that is open.
func (s *labScreen) typingHints() []hint {
	switch {
	case s.knobs.value.IsOpen():
		return []hint{{"enter", s.text.T("ui.hint.set")}, {"esc", s.text.T("ui.hint.cancel")}}
	case s.log.filter.IsOpen():
		return []hint{{"enter", s.text.T("ui.hint.keep")}, {"esc", s.text.T("ui.hint.clear")}}
	}
	return s.all(s.card.Keys())
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
	return []string{"knob_choose", "step_down", "pause", "view", "check", capture, "help"}
}
