package card

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"resilab/labs"
	"resilab/labs/course"
	"resilab/labs/i18n"
	"resilab/tui/app"
)

// No name of a metric or a knob is cut on any card, in either language, at the
// widths that a card has on screens of 80x24, 100x30 and 120x40.
func TestNoNameOnACardIsCut(t *testing.T) {
	for _, entry := range labs.All() {
		d := newDesk(t, entry.Spec.ID)
		for _, lang := range i18n.Langs() {
			var err error
			if d.text, err = i18n.Load(lang, app.Texts, Texts, course.Texts, entry.Spec.Texts); err != nil {
				t.Fatal(err)
			}
			for i, c := range d.card.list.cards {
				if !d.card.list.here(i) {
					continue
				}
				for _, w := range []int{78, 69, 57} {
					rows := conditionRows(d, c, w)
					for _, row := range rows {
						if strings.Contains(row, "…") {
							t.Errorf("%s, %s, %d wide: %q", c.ID, lang, w, row)
						}
					}
					for _, s := range c.Samples {
						if name := c.Names(d.text).Metric(s.Metric); !strings.Contains(strings.Join(rows, "\n"), name) {
							t.Errorf("%s, %s, %d wide: no %q", c.ID, lang, w, name)
						}
					}
				}
			}
		}
	}
}

// conditionRows are what a card shows of its conditions and samples.
func conditionRows(d *desk, c *course.Card, w int) []string {
	s := course.NewSession(c, course.Record{})
	run := d.exp.Current()
	run.Metrics = map[string]float64{}
	for _, m := range d.exp.Spec().Metrics {
		run.Metrics[m.ID] = 0.4567
	}
	p := &page{Frame: d.frame(w, 20), session: s, experiment: d.exp, card: c, words: c.Words(d.text.Lang())}
	p.drawSamples(run)
	p.drawConditions(s.Look(run))
	for i, row := range p.rows {
		p.rows[i] = ansi.Strip(row)
	}
	return p.rows
}
