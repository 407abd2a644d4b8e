package retry

import (
	"time"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	engine "resilab/labs/retry"
	"resilab/labs/retry/fleet"
	"resilab/tui/widget"
)

// fleetChart shows the calls of many clients, with those of run A behind them.
type fleetChart struct {
	canvas
	now, ghost *engine.Fleet // now is nil if the lab has no fleet, ghost if there is no run A
	bins       int           // shown, from the first
}

// fleetOf returns the chart of the lab's fleet and of run A's.
func fleetOf(c canvas, d *engine.Detail) *fleetChart {
	p := &fleetChart{canvas: c, now: d.Fleet}
	if p.now == nil {
		return p
	}
	p.bins = span(p.now)
	if c.A != nil {
		p.ghost = d.FleetOf(c.A.Knobs)
	}
	if p.ghost != nil {
		p.bins = max(p.bins, span(p.ghost))
	}
	return p
}

func (p *fleetChart) figures() fleetFigures { return fleetFigures{p.canvas, p.now, p.ghost} }

// height is how many rows the fleet gets below the payments, including a blank one
// before it.
func (p *fleetChart) height() int {
	switch {
	case p.now == nil || p.H < 13 || p.W < 30:
		return 0
	case p.H < 19:
		return 1
	case p.H < 27:
		return 7
	}
	return 10
}

// rows draws a title, the chart and its axis, or all of it in one row.
func (p *fleetChart) rows(h int) []string {
	if h <= 0 || p.now == nil {
		return nil
	}
	if h == 1 {
		return []string{p.single()}
	}
	scaled := widget.Scaled{Chart: p.chart(p.bins), Write: lab.Count.Write}
	left := 0
	if w := scaled.ScaleWidth(); p.W >= 3*w {
		left = w
	}
	scaled.Chart = p.chart(p.W - left)
	rows := []string{widget.Blank(p.W), p.title()}
	rows = append(rows, scaled.Rows(p.Theme, p.W, h-3)...)
	return append(rows, p.axis(left))
}

const fleetLeast = 9 // rows from which there is room for figures below the chart

// whole is the second view: the chart as large as can be, and its figures.
func (p *fleetChart) whole() []string {
	if p.now == nil {
		return nil
	}
	figures := p.figures().table()
	figures = figures[:min(len(figures), p.H/3)]
	if p.H < fleetLeast || p.now.Cut > 0 {
		figures = nil
	}
	rows := p.rows(p.H + 1 - len(figures)) // its blank row is not needed at the top
	return append(rows[1:], figures...)
}

// chart draws the calls in w columns, with those of run A behind.
func (p *fleetChart) chart(w int) widget.Chart {
	c := widget.Chart{Now: columnsOf(p.now, p.bins, w), Style: p.Theme.Accent}
	if p.ghost != nil {
		c.Ghost = columnsOf(p.ghost, p.bins, w)
	}
	return c
}

func (p *fleetChart) title() string {
	th := p.Theme
	all := p.figures()
	l := p.line().Put(th.Text.Strong(), all.clients())
	figures := all.both()
	if calls := " " + th.Glyph.Dot + " " + p.t("fleet.calls"); widget.Width(calls)+widget.Width(figures)+2 <= l.Left() {
		l.Put(th.Dim, calls)
	}
	for _, shorter := range []string{all.peak(), all.alone().both(), all.success(), ""} {
		if widget.Width(figures)+2 > l.Left() {
			figures = shorter
		}
	}
	return l.Gap(2).Right(th.Accent, figures).String()
}

// singleWide is the width from which the single row has room for the peak, too.
const singleWide = 66

// single is all of it in one row.
func (p *fleetChart) single() string {
	th := p.Theme
	all := p.figures().alone()
	title, figures := all.clients(), all.both()
	if p.W < singleWide {
		figures = all.success()
	}
	w := max(0, p.W-widget.Width(title)-widget.Width(figures)-4)
	l := p.line().Put(th.Dim, title).Gap(2).Spark(p.chart(w), w).Gap(2)
	return l.Put(th.Accent, figures).String()
}

// axis writes the times below the chart, which begins at column left, and where
// the outage was.
func (p *fleetChart) axis(left int) string {
	th, c, w := p.Theme, p.now, p.W-left
	whole := time.Duration(p.bins) * fleet.BinWidth
	l := p.line().To(left)
	at := func(d time.Duration) int { return left + int(float64(w)*float64(d)/float64(max(whole, 1))) }
	if from := at(c.OutageAt); c.Outage > 0 && from < p.W {
		if from > left+4 {
			l.Put(th.Dim, th.Glyph.Column+i18n.WriteDuration(0))
		}
		to := max(from+1, min(p.W, at(c.OutageAt+c.Outage)))
		word := " " + p.t("fleet.outage") + " "
		l.To(from)
		side := (to - from - widget.Width(word)) / 2
		if side > 0 {
			l.Fill(th.Bad, p.signs.busy, side).Put(th.Bad, word)
		}
		l.Fill(th.Bad, p.signs.busy, to-(p.W-l.Left()))
		if side <= 0 { // beside the bar
			l.Put(th.Bad, " "+p.t("fleet.outage")+" ")
		}
	}
	p.ticks(l, left, w, whole)
	return l.String()
}

// span is how many bins are shown: the outage, and all but the last hundredth of
// the calls, because a few late ones would squeeze the others together.
func span(c *engine.Fleet) int {
	all := 0
	for _, n := range c.Calls {
		all += n
	}
	late := all / 100
	bins := len(c.Calls)
	for ; bins > 1 && late >= c.Calls[bins-1]; bins-- {
		late -= c.Calls[bins-1]
	}
	return max(bins, int((c.OutageAt+c.Outage)/fleet.BinWidth), 1)
}

// columnsOf squeezes or stretches the first bins into w columns. Of the bins in
// one column the greatest counts: a peak must not vanish.
func columnsOf(c *engine.Fleet, bins, w int) []float64 {
	columns := make([]float64, max(0, w))
	for x := range columns {
		first := x * bins / w
		last := max(first+1, ((x+1)*bins+w-1)/w)
		for i := first; i < min(last, len(c.Calls)); i++ {
			columns[x] = max(columns[x], float64(c.Calls[i]))
		}
	}
	return columns
}
