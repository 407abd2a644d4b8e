package card

import (
	"strings"

	"resilab/labs/course"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

// drawKept shows the kept runs of a card with more than two by their letters: what was set, and the first
// figure of the check on one scale.
func (p *page) drawKept() {
	figures := p.card.Figures()
	if len(figures) == 0 || p.card.Runs() == 2 {
		return // of two runs the figures stand in the conditions
	}
	th, kept, m := p.Theme, p.session.Record().Runs, figures[0]
	bars := course.Bars(m.ID, kept)
	names := p.card.Names(p.Text)
	p.put(th.Dim, "", p.Text.T("card.kept", names.Metric(m.ID)))
	runs := kept.List()
	for _, bar := range bars {
		run := runs[strings.Index(course.Letters, bar.Letter)]
		row := p.line().Gap(1).Put(th.Text.Strong(), strings.ToUpper(bar.Letter)).To(indent)
		row.RightCell(th.Text.Strong(), m.Format.Write(bar.Value), 8).Gap(1)
		row.Bar(th.Accent, bar.Share, max(4, min(16, p.W/5))).Gap(1)
		p.putRest(row, th.Dim, p.differences(names, run))
	}
}

// putRest ends a row with text, which goes on below itself where it is long.
func (p *page) putRest(row *widget.Line, s theme.Style, text string) {
	if text == "" {
		p.add(row)
		return
	}
	column := p.W - row.Left()
	for i, part := range widget.Wrap(text, max(8, row.Left())) {
		if i > 0 {
			row = p.line().To(column)
		}
		p.add(row.Put(s, part))
	}
}

// differences lists the settings in which a run differs from run A; for run A
// those that the card opens.
func (p *page) differences(names course.Names, run *course.Evidence) string {
	a := p.session.Record().A
	var set []string
	for _, id := range p.card.Opens {
		if run == a || a == nil || run.Knobs[id] != a.Knobs[id] {
			set = append(set, names.Knobs(id)+" "+names.Setting(id, run.Knobs[id]))
		}
	}
	return strings.Join(set, ", ")
}
