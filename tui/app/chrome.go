package app

import (
	"resilab/tui/widget"
)

// chrome is what surrounds the body.
type chrome struct{ *Model }

// draw draws it.
func (m chrome) draw(c *canvas) {
	l, h := m.plan, m.host
	c.put(l.tabs, m.tabs.row(m.w))
	c.put(l.title, filled(m.titleRows(l.title.W), l.title.W, l.title.H))
	rule := h.line(m.w).Fill(h.th.Rule, h.th.Glyph.Line, m.w).String()
	c.put(l.topRule, rule)
	c.put(l.bottomRule, rule)
	c.put(l.status, m.cur().status().row(m.w))
	c.put(l.footer, m.footer.row(m.Model))
}

// titleRows are the question that the lab answers, in line with the body.
func (m chrome) titleRows(w int) (rows []string) {
	margin := 1
	if shapeOf(m.w, m.h) == full {
		margin = 2
	}
	if m.tour != nil {
		return m.tourRows(w, margin)
	}
	for _, row := range balanced(m.host.text.T(m.cur().lab.spec.ID+".about"), w-2*margin) {
		rows = append(rows, m.host.line(w).Gap(margin).Text(row).String())
	}
	return rows
}

// balanced wraps a text into as few rows as possible, of about the same length.
func balanced(text string, w int) []string {
	rows := widget.Wrap(text, w)
	if len(rows) < 2 {
		return rows
	}
	for even := widget.Width(text) / len(rows); even < w; even++ {
		if next := widget.Wrap(text, even); len(next) == len(rows) {
			return next
		}
	}
	return rows
}

// tooSmall says how large the window has to be.
func (m chrome) tooSmall() (rows []string) {
	for _, row := range widget.Wrap(m.host.text.T("ui.too_small", m.w, m.h, numbersW, numbersH), m.w) {
		rows = append(rows, m.host.line(m.w).Text(row).String())
	}
	return rows
}
