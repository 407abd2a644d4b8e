// Package retry draws the Retry lab: what retrying saves, and the attempts and
// waits of the latest operations to scale.
package retry

import (
	engine "resilab/labs/retry"
	"resilab/tui/pane"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

// Picture is the lab's own picture. It keeps no state.
type Picture struct{}

// Draw returns exactly f.H lines of exactly f.W cells.
func (Picture) Draw(f pane.Frame) []string {
	d, ok := f.Snap.Detail.(*engine.Detail)
	if !ok || f.W <= 0 || f.H <= 0 {
		return widget.Fit(nil, f.W, f.H)
	}
	p := painter{Frame: f, detail: d, signs: signsOf(f.Theme)}
	if f.View == 1 {
		return widget.Fit(p.wholeFleet(), f.W, f.H)
	}
	return widget.Fit(p.rows(), f.W, f.H)
}

// Views implements pane.Picture: payments, and the fleet.
func (Picture) Views() int { return 2 }

// painter draws one frame.
type painter struct {
	pane.Frame
	detail *engine.Detail
	signs  signs
}

// rows lays the parts out from top to bottom: the two bars are the one thing to
// look at; where there is room the fleet is at the bottom, and what is left
// belongs to the operations.
func (p *painter) rows() []string {
	rows := p.comparison()
	if guards := p.guards(); guards != "" && p.H >= 8 {
		rows = append(rows, guards)
	}
	if p.H >= 9 {
		rows = append(rows, widget.Blank(p.W))
	}
	crowd := p.fleetRows()
	rows = append(rows, p.operations(p.H-len(rows)-crowd)...)
	return append(widget.Fit(rows, p.W, p.H-crowd), p.fleet(crowd)...)
}

func (p *painter) line() *widget.Line { return widget.NewLine(p.Theme, p.W) }

func (p *painter) t(key string, args ...any) string { return p.Text.T("retry.pane."+key, args...) }

// signs are the glyphs that only this picture needs; each is one cell.
type signs struct {
	good, bad, late, copied, waiting, running string // how an operation ended
	attempt, failed, busy                     string // pieces of an attempt
	sure, chance, dice                        string // pieces of a wait
	other                                     string // the part of a bar that a fallback served
}

func signsOf(th *theme.Theme) signs {
	if th.Glyph.Set == theme.ASCII {
		return signs{
			good: "+", bad: "x", late: "+", copied: "~", waiting: ".", running: ">",
			attempt: "#", failed: "x", busy: "=", sure: "-", chance: "~", dice: ".", other: "=",
		}
	}
	return signs{
		good: "✓", bad: "✗", late: "✓", copied: "≈", waiting: "…", running: "▸",
		attempt: "█", failed: "╳", busy: "▒", sure: "─", chance: "╌", dice: "░", other: "▒",
	}
}
