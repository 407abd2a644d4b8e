package retry

import (
	"time"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	engine "resilab/labs/retry"
	"resilab/labs/retry/fleet"
	"resilab/tui/widget"
)

// fleetRows is how many rows of h the fleet gets, a blank one before it included.
func (p *painter) fleetRows() int {
	switch {
	case p.detail.Fleet == nil || p.H < 13 || p.W < 30:
		return 0
	case p.H < 19:
		return 1
	case p.H < 27:
		return 7
	}
	return 10
}

// fleet shows the calls of many clients, with those of run A behind them.
func (p *painter) fleet(h int) []string {
	now := p.detail.Fleet
	if h <= 0 || now == nil {
		return nil
	}
	ghost := p.ghostFleet()
	bins := span(now)
	if ghost != nil {
		bins = max(bins, span(ghost))
	}
	whole := time.Duration(bins) * fleet.BinWidth
	if h == 1 {
		return []string{p.fleetLine(now, ghost, bins)}
	}
	scaled := widget.Scaled{Chart: p.chart(now, ghost, bins, bins), Write: lab.Count.Write}
	left := 0
	if w := scaled.ScaleWidth(); p.W >= 3*w {
		left = w
	}
	scaled.Chart = p.chart(now, ghost, bins, p.W-left)
	rows := []string{widget.Blank(p.W), p.fleetTitle(now, ghost)}
	rows = append(rows, scaled.Rows(p.Theme, p.W, h-3)...)
	return append(rows, p.fleetAxis(now, left, whole))
}

// chart draws the calls of the first bins in w columns, with those of run A behind.
func (p *painter) chart(now, ghost *engine.Fleet, bins, w int) widget.Chart {
	c := widget.Chart{Now: columnsOf(now, bins, w), Style: p.Theme.Accent}
	if ghost != nil {
		c.Ghost = columnsOf(ghost, bins, w)
	}
	return c
}

// fleetFigureIDs are what the whole fleet comes to besides its success, which
// the title has; the most telling first.
var fleetFigureIDs = [...]string{"fleet_amplification", "fleet_peak", "fleet_p95_ms", "fleet_p99_ms", "fleet_wasted_work"}

const fleetLeast = 9 // rows from which there is room for figures below the chart

// wholeFleet is the second view: the chart as large as can be, and its figures.
func (p *painter) wholeFleet() []string {
	now := p.detail.Fleet
	if now == nil {
		return nil
	}
	figures := p.fleetTable(now)
	figures = figures[:min(len(figures), p.H/3)]
	if p.H < fleetLeast || now.Cut > 0 {
		figures = nil
	}
	rows := p.fleet(p.H + 1 - len(figures)) // its blank row is not needed at the top
	return append(rows[1:], figures...)
}

// fleetTable is a row a figure, with that of run A beside it.
func (p *painter) fleetTable(now *engine.Fleet) []string {
	th, names := p.Theme, 0
	for _, id := range fleetFigureIDs {
		names = max(names, widget.Width(p.metric(id)))
	}
	rows := []string{widget.Blank(p.W)}
	for _, id := range fleetFigureIDs {
		m, _ := p.Spec.Metric(id)
		l := p.line().Cell(th.Text, p.metric(id), names).RightCell(th.Text.Strong(), m.Format.Write(now.Metrics[id]), figureCell)
		if a := p.ghostFleet(); a != nil && a.Cut == 0 {
			l.Gap(3).Put(th.Dim, "A").RightCell(th.Dim, m.Format.Write(a.Metrics[id]), figureCell)
		}
		rows = append(rows, l.String())
	}
	return rows
}

const figureCell = 11

// ghostFleet is the fleet of run A, nil where there is none.
func (p *painter) ghostFleet() *engine.Fleet {
	if p.A == nil {
		return nil
	}
	return p.detail.FleetOf(p.A.Knobs)
}

func (p *painter) fleetTitle(now, ghost *engine.Fleet) string {
	th := p.Theme
	l := p.line().Put(th.Text.Strong(), p.crowd(now))
	figures := p.fleetFigures(now, ghost)
	if calls := " " + th.Glyph.Dot + " " + p.t("fleet.calls"); widget.Width(calls)+widget.Width(figures)+2 <= l.Left() {
		l.Put(th.Dim, calls)
	}
	for _, shorter := range []string{p.fleetPeak(now, ghost), p.fleetFigures(now, nil), p.fleetSuccess(now), ""} {
		if widget.Width(figures)+2 > l.Left() {
			figures = shorter
		}
	}
	return l.Gap(2).Right(th.Accent, figures).String()
}

// fleetFigures are the peak and the success, with those of run A, whose mark in the
// chart is shown with them, beside them.
func (p *painter) fleetFigures(now, ghost *engine.Fleet) string {
	if now.Cut > 0 {
		return p.fleetSuccess(now)
	}
	return p.fleetPeak(now, ghost) + "  " + p.fleetFigure(now, ghost, "fleet_success")
}

func (p *painter) fleetPeak(now, ghost *engine.Fleet) string {
	peak := p.fleetFigure(now, ghost, "fleet_peak")
	if ghost == nil {
		return peak
	}
	return p.Theme.Glyph.Line + "=A  " + peak
}

// fleetFigure is a figure under the name of its metric.
func (p *painter) fleetFigure(now, ghost *engine.Fleet, id string) string {
	m, _ := p.Spec.Metric(id)
	figure := p.metric(id) + " " + m.Format.Write(now.Metrics[id])
	if ghost != nil && ghost.Cut == 0 {
		figure += " (A " + m.Format.Write(ghost.Metrics[id]) + ")"
	}
	return figure
}

// fleetSuccess is the figure that is left where there is little room.
func (p *painter) fleetSuccess(now *engine.Fleet) string {
	if now.Cut > 0 {
		return p.t("fleet.cut", lab.Count.Write(float64(now.Cut)))
	}
	return p.fleetFigure(now, nil, "fleet_success")
}

func (p *painter) crowd(c *engine.Fleet) string {
	if c.Herd {
		return p.t("fleet.herd", c.Clients)
	}
	return p.t("fleet.steady", c.Clients)
}

// fleetLineWide is the width from which the line has room for the peak, too.
const fleetLineWide = 66

// fleetLine is all of it in one row.
func (p *painter) fleetLine(now, ghost *engine.Fleet, bins int) string {
	th := p.Theme
	title := p.crowd(now)
	figures := p.fleetFigures(now, nil)
	if p.W < fleetLineWide {
		figures = p.fleetSuccess(now)
	}
	w := max(0, p.W-widget.Width(title)-widget.Width(figures)-4)
	l := p.line().Put(th.Dim, title).Gap(2).Spark(p.chart(now, ghost, bins, w), w).Gap(2)
	return l.Put(th.Accent, figures).String()
}

// fleetAxis writes the times below the chart, which begins at column left, and where
// the outage was.
func (p *painter) fleetAxis(c *engine.Fleet, left int, whole time.Duration) string {
	th, w := p.Theme, p.W-left
	l := p.line().To(left)
	at := func(d time.Duration) int { return left + int(float64(w)*float64(d)/float64(max(whole, 1))) }
	if from := at(c.OutageAt); c.Outage > 0 && from < p.W {
		if from > left+3 {
			l.Put(th.Dim, i18n.WriteDuration(0))
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
	p.ticks(l, left, w, whole, "")
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
