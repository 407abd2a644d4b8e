package retry

import (
	"resilab/labs/lab"
	"resilab/tui/widget"
)

// comparison shows, on the same draws, how many operations succeed with the
// policy and how many would have without it.
type comparison struct{ canvas }

func (p comparison) rows() []string {
	m := p.Snap.Metrics
	with, without := p.t("with"), p.t("without")
	labels := max(widget.Width(with), widget.Width(without)) + 1
	if p.W < 36 {
		labels = min(labels, p.W/3)
	}
	return []string{
		p.bar(with, labels, m["success"], m["served"], m["failed"]),
		p.bar(without, labels, m["success_no_retry"], 0, m["failed_no_retry"]),
	}
}

// bar shows a share of the operations; served, where it is more, is what a
// fallback added to it.
func (p comparison) bar(label string, labels int, success, served, failed float64) string {
	th := p.Theme
	total := p.Snap.Metrics["operations"]
	figure, words := "–", ""
	if total > 0 {
		figure = lab.Share.Write(success)
		words = p.t("fails_of", lab.Count.Write(failed), lab.Count.Write(total))
	}
	l := p.line().Cell(th.Text, label, labels-1).Gap(1)
	aside := 0
	if p.W >= 56 {
		aside = 24
	}
	width := max(0, l.Left()-9-aside)
	l.Drawn(p.stacked(success, served, width), width)
	l.RightCell(th.Text.Strong(), figure, 8)
	style := th.Dim
	if failed > 0 {
		style = th.Bad
	}
	return l.Gap(2).Put(style, words).String()
}

func (p comparison) stacked(success, served float64, w int) string {
	th := p.Theme
	l := widget.NewLine(th, w)
	if served <= success {
		return l.Bar(th.Good, success, w).String()
	}
	done := int(success * float64(w))
	all := int(served * float64(w))
	full := th.Glyph.BarParts[len(th.Glyph.BarParts)-1]
	l.Fill(th.Good, full, done).Fill(th.Accent, p.signs.other, all-done)
	return l.Fill(th.Rule, th.Glyph.BarEmpty, w-all).String()
}
