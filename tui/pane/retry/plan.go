package retry

import (
	"time"

	"resilab/labs/i18n"
	"resilab/tui/widget"
)

// plan draws what the policy does when everything fails: each wait up to the
// middle of its range, and the range around it.
func (p *operations) plan() string {
	th, s := p.Theme, p.signs
	var spans []widget.Span
	at := time.Duration(0)
	for _, r := range p.detail.Ranges {
		end := at + (r.Lo+r.Hi)/2
		spans = append(spans,
			widget.Span{From: float64(at), To: float64(end), Style: th.Dim, Glyph: s.sure},
			widget.Span{From: float64(at + r.Lo), To: float64(at + r.Hi), Style: th.Dim, Glyph: s.dice})
		at = end
	}
	at = 0
	for _, r := range p.detail.Ranges { // the tries go over everything else
		spans = append(spans, widget.Span{From: float64(at), To: float64(at), Style: th.Bad, Glyph: s.failed})
		at += (r.Lo + r.Hi) / 2
	}
	spans = append(spans, widget.Span{From: float64(at), To: float64(at), Style: th.Bad, Glyph: s.failed})
	l := p.line().Cell(th.Dim, p.t("plan"), p.columns.id).Timeline(spans, float64(p.scale), p.columns.time).Gap(1)
	longest := i18n.WriteDuration(p.detail.Patience)
	words := th.Glyph.ArrowRight + " " + p.t("patience", longest)
	if widget.Width(words) > l.Left() { // half a number would mislead
		words = th.Glyph.ArrowRight + " " + longest
	}
	return l.Put(th.Dim, words).String()
}
