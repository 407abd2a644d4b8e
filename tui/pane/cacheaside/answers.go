package cacheaside

import (
	"net/http"
	"strconv"
	"time"

	"resilab/labs/cacheaside/measure"
	"resilab/labs/lab"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

// charts shows hits and database loads over the same time, with run A as a ghost
// and the time below both.
func (p *painter) charts(rows, names int) []string {
	th := p.Theme
	hits := widget.Scaled{Chart: widget.Chart{Max: 1, Style: th.Good}, Write: lab.Share.Write}
	loads := widget.Scaled{Chart: widget.Chart{Style: th.Warn}, Write: lab.Count.Write, Now: p.t("now")}
	hits.Chart.Now, hits.Ghost = p.History.Series("hit_ratio_now")
	loads.Chart.Now, loads.Ghost = p.History.Series("loads_now")
	hits.Left = max(hits.ScaleWidth(), loads.ScaleWidth()) // both stand over one time axis
	loads.Left = hits.Left
	loads.Span = p.History.Span(max(0, p.W-names-loads.Left))
	upper := rows / 2
	out := p.chart(p.t("ratio"), hits, upper, names)
	out = append(out, p.chart(p.t("loads"), loads, rows-upper, names)...)
	return out
}

// history is the second view: the charts as large as can be, over what hits and
// misses cost.
func (p *painter) history() []string {
	below := append(p.costs(), p.protection()...)
	room := p.H - len(below) - 1
	if room < 4 {
		return p.charts(p.H, p.nameWidth())
	}
	names := p.nameWidth()
	for _, label := range []string{p.t("ratio"), p.t("loads")} {
		names = max(names, widget.Width(label)+1)
	}
	rows := append(p.charts(room, names), widget.Blank(p.W))
	return append(rows, below...)
}

// chart draws a chart with its scales beside its name.
func (p *painter) chart(label string, c widget.Scaled, rows, names int) []string {
	w := max(0, p.W-names)
	out := c.Rows(p.Theme, w, rows)
	for i, drawn := range out {
		l := p.line()
		if i == 0 {
			l.Cell(p.Theme.Text, label, names)
		}
		out[i] = l.To(names).Drawn(drawn, w).String()
	}
	return out
}

// answers are the last answers, newest first.
func (p *painter) answers(plan plan) []string {
	if plan.answers <= 0 {
		return nil
	}
	var rows []string
	if plan.headings {
		l := p.line().Put(p.Theme.Dim, p.t("answers"))
		if s := p.detail.Stampede; s.Loads > 1 {
			aside(l, p.Theme.Warn, p.t("stampede", s.Loads), p.t("stampede-short", s.Loads))
		}
		rows = append(rows, l.String())
	}
	if len(p.detail.Answers) == 0 {
		return append(rows, p.line().Put(p.Theme.Dim, p.t("none")).String())
	}
	names := map[int]string{}
	for _, v := range p.detail.Products {
		names[v.ID] = v.Name
	}
	for _, a := range p.detail.Answers[:min(plan.answers, len(p.detail.Answers))] {
		rows = append(rows, p.answer(a, names))
	}
	return rows
}

// answer is one row: where it came from, as a sign and a word, the product and
// how long it took, as a number and a bar on its scale.
func (p *painter) answer(a measure.Answer, names map[int]string) string {
	sign, word, style := p.source(a)
	words := 9
	if p.W < wideFrom {
		words = 6
	}
	l := p.line().Put(style, sign).Gap(1).Cell(style, word, words)
	name := names[a.ID]
	if name == "" {
		name = "product:" + strconv.Itoa(a.ID)
	}
	l.Cell(p.Theme.Text, name, p.nameWidth()+1)
	l.RightCell(p.Theme.Text, latency(a.Took), 8)
	if a.Stale {
		l.Gap(2).Put(p.Theme.Warn.Strong(), "! "+p.t("stale"))
	}
	if a.Overdue {
		l.Gap(2).Put(p.Theme.Dim, p.t("overdue"))
	}
	if a.HTTP {
		l.Gap(2).Put(p.Theme.Focus, "HTTP "+strconv.Itoa(a.Status))
	}
	return l.String()
}

// latency writes a latency: all of the picture are in milliseconds, so that hits
// and misses can be compared.
func latency(d time.Duration) string { return widget.UnitOf(time.Millisecond).Write(d) }

func (p *painter) source(a measure.Answer) (sign, word string, style theme.Style) {
	th := p.Theme
	full := th.Glyph.BarParts[len(th.Glyph.BarParts)-1]
	switch {
	case a.Status == http.StatusNotFound:
		return "?", p.t("not-found"), th.Dim
	case a.Status != http.StatusOK:
		return "x", p.t("error"), th.Bad
	case a.Source == measure.FromCopy:
		return "~", p.t("local"), th.Warn
	case a.Source == measure.FromCache:
		return th.Glyph.Dot, p.t("cache"), th.Good
	}
	return full, p.t("database"), th.Warn
}
