package retry

import (
	"strconv"
	"time"

	engine "resilab/labs/retry"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

// columns of the operations: number, timeline, how it ended, how long it took.
type columns struct{ id, time, end, took int }

// columnsFor divides w cells; newest is the highest number of an operation.
func columnsFor(newest uint64, w int) columns {
	c := columns{id: max(6, len(strconv.FormatUint(newest, 10))+2), end: 22, took: 8}
	if w < 64 {
		c.end = 14
	}
	if w < 48 {
		c.end, c.took = 12, 0
	}
	if w < 32 {
		c.end = 2
	}
	c.time = max(0, w-c.id-c.end-c.took)
	return c
}

// operations are the latest ones, each with its attempts and waits to scale.
type operations struct {
	canvas
	detail  *engine.Detail
	columns columns
	scale   time.Duration // that the timelines are wide
}

func operationsOf(c canvas, d *engine.Detail) *operations {
	p := &operations{canvas: c, detail: d, scale: scaleOf(d.Horizon)}
	if n := len(d.Ops); n > 0 {
		p.columns = columnsFor(d.Ops[n-1].ID, c.W)
	}
	return p
}

// rows draws the heading with the scale of time, and one row for each of the latest
// operations.
func (p *operations) rows(h int) []string {
	if h <= 0 {
		return nil
	}
	if len(p.detail.Ops) == 0 {
		return []string{p.line().Put(p.Theme.Dim, p.t("none")).String()}
	}
	var rows []string
	if h >= 4 {
		rows = append(p.heading(h >= 7), p.axis())
	}
	if h >= 8 && len(p.detail.Ranges) > 0 {
		rows = append(rows, p.plan())
	}
	for _, op := range latest(p.detail.Ops, h-len(rows)) {
		rows = append(rows, p.operation(op))
	}
	return rows
}

// latest returns the last n operations, the newest last, as in the log.
func latest(ops []engine.Op, n int) []*engine.Op {
	ops = ops[max(0, len(ops)-max(0, n)):]
	rows := make([]*engine.Op, len(ops))
	for i := range ops {
		rows[i] = &ops[i]
	}
	return rows
}

// legend explains the marks of the timelines.
func (p *operations) legend() []widget.Sign {
	th, s := p.Theme, p.signs
	return []widget.Sign{
		{Glyph: s.busy + s.failed, Style: th.Bad, Means: p.t("sign.bad")}, {Glyph: s.sure + s.chance, Style: th.Text, Means: p.t("sign.wait")},
		{Glyph: s.dice, Style: th.Dim, Means: p.t("sign.chance")}, {Glyph: s.attempt, Style: th.Good, Means: p.t("sign.good")},
	}
}

// heading is the title with the legend beside it, or the legend alone where there is
// no room for both. Only where there are rows enough does it take more than one.
func (p *operations) heading(tall bool) []string {
	l := p.line().Put(p.Theme.Text.Strong(), p.t("latest"))
	if p.detail.OneIn > 1 {
		l.Put(p.Theme.Dim, " ("+p.t("one_in", p.detail.OneIn)+")")
	}
	signs := p.legend()
	if width := legendWidth(signs); width+2 <= l.Left() {
		l.Gap(l.Left() - width)
		return []string{l.Drawn(widget.Legend(p.Theme, width, signs)[0], width).String()}
	}
	rows := widget.Legend(p.Theme, p.W, signs)
	if len(rows) > 1 && !tall {
		rows = rows[:1]
	}
	return rows
}

func legendWidth(signs []widget.Sign) int {
	width := 2 * (len(signs) - 1)
	for _, s := range signs {
		width += widget.Width(s.Glyph) + 1 + widget.Width(s.Means)
	}
	return width
}

// axis writes the times at round distances.
func (p *operations) axis() string {
	l := p.line()
	if p.columns.time < 12 {
		return l.String()
	}
	p.ticks(l, p.columns.id, p.columns.time, p.scale)
	return l.String()
}

func (p *operations) operation(op *engine.Op) string {
	th, c := p.Theme, p.columns
	newest := &p.detail.Ops[len(p.detail.Ops)-1]
	number, l := th.Dim, p.line()
	if op == newest {
		number = th.Accent.Strong()
	}
	l.Cell(number, "#"+strconv.FormatUint(op.ID, 10), c.id)
	l.Timeline(p.spans(op), float64(p.scale), c.time)
	sign, word, style := p.outcome(op)
	l.Gap(1).Put(style, sign)
	if c.end > 2 {
		l.Gap(1).Cell(style, word, c.end-3)
	}
	if c.took > 0 && op.Took > 0 {
		l.RightCell(th.Dim, widget.UnitOf(p.scale).Write(op.Took), c.took)
	}
	return l.String()
}

// spans turns attempts and waits into pieces of a timeline. Where two share a
// cell, the later piece shows: attempts come last, because they are short.
func (p *operations) spans(op *engine.Op) []widget.Span {
	th, s := p.Theme, p.signs
	age := p.detail.Now - op.Start
	out := make([]widget.Span, 0, 2*len(op.Spans)+2)
	add := func(from, to time.Duration, style theme.Style, glyph string) {
		out = append(out, widget.Span{From: float64(from), To: float64(to), Style: style, Glyph: glyph})
	}
	if n := lastWait(op); n >= 0 { // the range of the last wait
		add(op.Spans[n].Lo, op.Spans[n].Hi, th.Dim, s.dice)
	}
	for i := range op.Spans {
		if piece := &op.Spans[i]; piece.Wait {
			end, _ := present(op, piece, age)
			sure := min(end, piece.Lo)
			add(piece.Start, sure, th.Text, s.sure)
			if sure < end {
				add(sure, end, th.Text, s.chance)
			}
		}
	}
	for i := range op.Spans {
		piece := &op.Spans[i]
		end, running := present(op, piece, age)
		switch {
		case piece.Wait:
		case running:
			add(piece.Start, end, th.Accent, s.busy)
		case piece.Cause == engine.CauseCut:
			add(piece.Start, end, th.Dim, s.busy)
		case piece.Cause != engine.CauseNone:
			add(piece.Start, end, th.Bad, s.busy)
			add(end, end, th.Bad.Strong(), s.failed)
		default:
			add(piece.Start, end, th.Good, s.attempt)
		}
	}
	return out
}

// present is how far an attempt or a wait has come.
func present(op *engine.Op, piece *engine.Span, age time.Duration) (end time.Duration, running bool) {
	if op.Outcome == engine.Pending && (piece.End == 0 || piece.End > age) {
		return age, true
	}
	return piece.End, false
}

func lastWait(op *engine.Op) int {
	for i := len(op.Spans) - 1; i >= 0; i-- {
		if op.Spans[i].Wait {
			return i
		}
	}
	return -1
}

// outcome returns how an operation ended: a sign, a word and a style.
func (p *operations) outcome(op *engine.Op) (sign, word string, style theme.Style) {
	th, s := p.Theme, p.signs
	switch op.Outcome {
	case engine.Succeeded:
		return s.good, p.t("outcome.succeeded." + string(p.detail.Scenario)), th.Good
	case engine.FailedOp:
		return s.bad, p.t("outcome.failed") + " " + p.t("cause."+string(op.Cause)), th.Bad
	case engine.Cached:
		return s.copied, p.t("outcome.cached"), th.Warn
	case engine.Queued:
		return s.waiting, p.t("outcome.queued"), th.Warn
	case engine.Delivered:
		return s.late, p.t("outcome.delivered"), th.Good
	case engine.Cancelled:
		return th.Glyph.Dot, p.t("outcome.cancelled"), th.Dim
	}
	if n := len(op.Spans); n > 0 && op.Spans[n-1].Wait {
		return s.running, p.t("outcome.waiting"), th.Accent
	}
	return s.running, p.t("outcome.pending"), th.Accent
}
