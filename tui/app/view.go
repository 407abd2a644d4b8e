package app

import (
	"strings"

	"resilab/labs/lab"
	"resilab/tui/pane"
	"resilab/tui/pane/generic"
	"resilab/tui/widget"
)

// View implements tea.Model. A frame is built once and shown until something
// that can be seen has changed.
func (m *Model) View() string {
	if m.dirty {
		m.frame = m.draw()
		m.dirty = false
	}
	return m.frame
}

// layout is where the parts of the present screen are.
func (m *Model) layout() layout {
	v := m.cur()
	want := wish{card: v.cardOpen, overlay: m.overlay != nil, table: v.table, title: len(m.titleRows())}
	if a, _ := v.exp.Captured(); a != nil {
		want.ghost = !v.table // the table shows them all
	}
	if v.snap != nil {
		want.banner = len(v.snap.Troubles)
	}
	if err, fatal := v.failure(); err != nil && !fatal {
		want.banner++
	}
	return plan(m.w, m.h, want)
}

// draw builds a frame: exactly as many rows and cells as the screen has.
func (m *Model) draw() string {
	if m.w <= 0 || m.h <= 0 {
		return ""
	}
	l := m.layout()
	c := newCanvas(m.w, m.h)
	if l.shape == tooSmall {
		c.put(Rect{0, 0, m.w, 1}, []string{widget.NewLine(m.th, m.w).Text(m.text.T("ui.too_small", numbersW, numbersH, m.w, m.h)).String()})
		return c.String()
	}
	if m.overlay != nil {
		c.put(l.body, m.overlay.draw(m, l.body.W, l.body.H))
	} else {
		m.drawLab(c, l)
	}
	m.drawChrome(c, l)
	return c.String()
}

// paneFrame is what pictures and cards get to see, for a part of the screen.
func (m *Model) paneFrame(r Rect) pane.Frame {
	v := m.cur()
	f := pane.Frame{W: r.W, H: r.H, Theme: m.th, Text: m.text, Spec: v.spec, Snap: v.snap,
		Settings: v.exp.Settings(), Paused: v.seen.phase == lab.Paused, View: v.view, History: v.history}
	f.A, f.B = v.exp.Captured()
	if f.Snap == nil {
		f.Snap = &lab.Snapshot{}
	}
	return f
}

// drawLab fills the body with the lab that is shown.
func (m *Model) drawLab(c *canvas, l layout) {
	v := m.cur()
	c.put(l.banner, m.banner(l.banner))
	c.put(l.knobs, v.panel().Rows(m.paneFrame(l.knobs)))
	c.put(l.divider, m.divider(l.divider.H))
	if l.cards.H > 0 {
		c.put(l.cards, generic.Cards(m.paneFrame(l.cards)))
	}
	if l.numbers.H > 0 {
		c.put(l.numbers, m.figures(l.numbers))
	}
	if l.picture.H > 0 {
		c.put(l.picture, m.picture(l.picture))
	}
	if l.card.H > 0 && v.entry.Card != nil {
		c.put(l.card, v.entry.Card.Draw(m.paneFrame(l.card), v.focus == onCard))
	}
	if l.log.H > 0 {
		c.put(l.log, v.logPart().Rows(m.paneFrame(l.log)))
	}
}

func (v *labView) logPart() generic.Log {
	return generic.Log{Log: widget.Log{Events: v.events(), Filter: v.filter.text, Back: v.back},
		Focused: v.focus == onLog, Frozen: v.frozen != nil, Typing: v.filtering}
}

func (m *Model) divider(h int) []string {
	rows := make([]string, h)
	for i := range rows {
		rows[i] = m.th.Rule.Paint(m.th.Glyph.Column)
	}
	return rows
}

// banner shows the lab's troubles, and an error of the last thing asked of it.
func (m *Model) banner(r Rect) []string {
	if r.H == 0 {
		return nil
	}
	rows := generic.Banner(m.paneFrame(r), m.opt.Now())
	if err, fatal := m.cur().failure(); err != nil && !fatal {
		rows = append(rows, widget.NewLine(m.th, r.W).Put(m.th.Bad.Strong(), "! ").Put(m.th.Bad, oneLine(err)).String())
	}
	return rows
}

// picture is the lab's own, unless there is something else to say in its place.
func (m *Model) picture(r Rect) []string {
	f := m.paneFrame(r)
	if rows, ok := m.instead(f); ok {
		return rows
	}
	if m.cur().table {
		return generic.Table(f)
	}
	return m.cur().entry.Picture.Draw(f)
}

// figures are every figure, or the comparison of two runs.
func (m *Model) figures(r Rect) []string {
	f := m.paneFrame(r)
	if rows, ok := m.instead(f); ok {
		return rows
	}
	if m.cur().table {
		return generic.Table(f)
	}
	return generic.Numbers(f)
}

// instead says why there is nothing to see yet.
func (m *Model) instead(f pane.Frame) (rows []string, ok bool) {
	v := m.cur()
	if v.starting() {
		return generic.Hint(f, m.text.T("ui.starting")), true
	}
	if err, fatal := v.failure(); fatal {
		return generic.Hint(f, m.text.T("ui.failed", oneLine(err))), true
	}
	return nil, false
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// alarm tells whether a lab needs somebody to look at it.
func (v *labView) alarm() bool {
	err, _ := v.failure()
	return err != nil || v.snap != nil && len(v.snap.Troubles) > 0
}
