package retry

import (
	"resilab/labs/lab"
	engine "resilab/labs/retry"
	"resilab/tui/widget"
)

// fleetFigureIDs are the metrics of the whole fleet except its success, which
// the title has; the most important first.
var fleetFigureIDs = [...]string{"fleet_amplification", "fleet_peak", "fleet_p95_ms", "fleet_p99_ms", "fleet_wasted_work"}

// fleetFigures writes what the fleet comes to, with the figures of run A beside
// them if there are any.
type fleetFigures struct {
	canvas
	now, ghost *engine.Fleet // ghost may be nil
}

// alone leaves run A out.
func (p fleetFigures) alone() fleetFigures {
	p.ghost = nil
	return p
}

// table is a row a figure, with that of run A beside it.
func (p fleetFigures) table() []string {
	th, names := p.Theme, 0
	for _, id := range fleetFigureIDs {
		names = max(names, widget.Width(p.metric(id)))
	}
	rows := []string{widget.Blank(p.W)}
	for _, id := range fleetFigureIDs {
		m, _ := p.Spec.Metric(id)
		l := p.line().Cell(th.Text, p.metric(id), names).RightCell(th.Text.Strong(), m.Format.Write(p.now.Metrics[id]), figureCell)
		if a := p.ghost; a != nil && a.Cut == 0 {
			l.Gap(3).Put(th.Dim, "A").RightCell(th.Dim, m.Format.Write(a.Metrics[id]), figureCell)
		}
		rows = append(rows, l.String())
	}
	return rows
}

const figureCell = 11

// both are the peak and the success.
func (p fleetFigures) both() string {
	if p.now.Cut > 0 {
		return p.success()
	}
	return p.peak() + "  " + p.figure("fleet_success")
}

// peak explains the mark of run A in the chart, too.
func (p fleetFigures) peak() string {
	peak := p.figure("fleet_peak")
	if p.ghost == nil {
		return peak
	}
	return p.Theme.Glyph.Line + "=A  " + peak
}

// success is the shortest: that of run A is left out.
func (p fleetFigures) success() string {
	if p.now.Cut > 0 {
		return p.t("fleet.cut", lab.Count.Write(float64(p.now.Cut)))
	}
	return p.alone().figure("fleet_success")
}

// figure is a figure under the name of its metric.
func (p fleetFigures) figure(id string) string {
	m, _ := p.Spec.Metric(id)
	figure := p.metric(id) + " " + m.Format.Write(p.now.Metrics[id])
	if p.ghost != nil && p.ghost.Cut == 0 {
		figure += " (A " + m.Format.Write(p.ghost.Metrics[id]) + ")"
	}
	return figure
}

// clients names the fleet: how many clients it has and when they call.
func (p fleetFigures) clients() string {
	if p.now.Herd {
		return p.t("fleet.herd", p.now.Clients)
	}
	return p.t("fleet.steady", p.now.Clients)
}
