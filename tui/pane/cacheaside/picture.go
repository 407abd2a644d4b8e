// Package cacheaside draws the cache-aside lab: the life of every copy as a
// bar that runs down, what hits and misses cost, and the last answers.
package cacheaside

import (
	"time"

	engine "resilab/labs/cacheaside"
	"resilab/tui/pane"
	"resilab/tui/widget"
)

// Picture is the lab's pane.
type Picture struct{}

// Views implements pane.Picture: the copies, and how things went over time.
func (Picture) Views() int { return 2 }

// painter draws one frame.
type painter struct {
	pane.Frame
	detail *engine.Detail
}

// Draw returns exactly f.H lines of exactly f.W cells.
func (Picture) Draw(f pane.Frame) []string {
	detail, ok := f.Snap.Detail.(*engine.Detail)
	if !ok || f.W <= 0 || f.H <= 0 {
		return widget.Fit(nil, f.W, f.H)
	}
	p := &painter{Frame: f, detail: detail}
	if f.View == 1 {
		return widget.Fit(p.history(), f.W, f.H)
	}
	return widget.Fit(p.rows(), f.W, f.H)
}

// plan says how many rows each part gets. The bars come first, then what hits
// and misses cost, then the answers; charts only where there is plenty.
type plan struct {
	bars, costs, charts, answers int
	headings, air                bool
}

func planFor(h, products, protection int) plan {
	p := plan{headings: h >= 10, air: h >= 14}
	extra := protection
	if p.headings {
		extra += 2 // above bars and answers
	}
	if p.air {
		extra += 2
	}
	if h >= 6 {
		p.costs = 2
	}
	if h >= 19 {
		p.charts, extra = 5, extra+1
	}
	room := h - p.costs - p.charts - extra
	p.bars = min(products, max(3, room*3/5), max(0, room))
	p.answers = max(0, room-p.bars)
	return p
}

func (p *painter) rows() []string {
	plan := planFor(p.H, len(p.detail.Products), len(p.protection()))
	var rows []string
	gap := func() {
		if plan.air {
			rows = append(rows, widget.Blank(p.W))
		}
	}
	if plan.headings {
		rows = append(rows, p.barsHeading())
	}
	for _, product := range p.detail.Products[:plan.bars] {
		rows = append(rows, p.bar(product))
	}
	if plan.costs > 0 {
		gap()
		rows = append(rows, p.costs()...)
	}
	rows = append(rows, p.protection()...)
	if plan.charts > 0 {
		gap()
		rows = append(rows, p.charts(plan.charts, p.nameWidth())...)
	}
	gap()
	return append(rows, p.answers(plan)...)
}

func (p *painter) line() *widget.Line { return widget.NewLine(p.Theme, p.W) }

// t is a text of this pane.
func (p *painter) t(key string, args ...any) string {
	return p.Text.T("cacheaside.pane."+key, args...)
}

// still reports whether nothing may flash.
func (p *painter) still() bool { return p.Theme.ReducedMotion }

// flashFor is how long the row of a copy that has just ended is highlighted.
const flashFor = 700 * time.Millisecond
