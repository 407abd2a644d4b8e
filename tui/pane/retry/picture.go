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
	c := canvas{Frame: f, signs: signsOf(f.Theme)}
	if f.View == 1 {
		return widget.Fit(fleetOf(c, d).whole(), f.W, f.H)
	}
	return widget.Fit(payments(c, d), f.W, f.H)
}

// Views implements pane.Picture: payments, and the fleet.
func (Picture) Views() int { return 2 }

// payments lays the parts out from top to bottom: the two bars are the one thing to
// look at; where there is room the fleet is at the bottom, and the operations get
// the remaining rows.
func payments(c canvas, d *engine.Detail) []string {
	rows := comparison{c}.rows()
	if guards := (guards{c, d}).row(); guards != "" && c.H >= 8 {
		rows = append(rows, guards)
	}
	if c.H >= 9 {
		rows = append(rows, widget.Blank(c.W))
	}
	clients := fleetOf(c, d)
	height := clients.height()
	rows = append(rows, operationsOf(c, d).rows(c.H-len(rows)-height)...)
	return append(widget.Fit(rows, c.W, c.H-height), clients.rows(height)...)
}

// canvas is what every part of the picture is drawn with.
type canvas struct {
	pane.Frame
	signs signs
}

func (c *canvas) line() *widget.Line { return widget.NewLine(c.Theme, c.W) }

func (c *canvas) t(key string, args ...any) string { return c.Text.T("retry.pane."+key, args...) }

// metric is the name of a metric.
func (c *canvas) metric(id string) string { return c.Text.T("retry.metric." + id) }

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
