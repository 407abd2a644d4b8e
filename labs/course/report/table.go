package report

import (
	"strconv"
	"strings"

	"resilab/labs/course"
	"resilab/labs/i18n"
)

// figure is one metric of a card in all its runs.
type figure struct {
	Name  string
	Cells []string // one for each run
	Bars  []course.Bar
}

// entry is a card as the pages for people show it.
type entry struct {
	course.Row
	Details    []string
	Letters    []string   // of the runs
	Figures    []figure   // one a row
	Settings   [][]string // name, and the value in each run, of the knobs that the card opens
	Seeds      []string
	Took       []string
	Prediction string // in words
}

// entries prepares the cards that were begun.
func (d *Document) entries(book *course.Book, text *i18n.Catalogue) (all []entry) {
	for _, row := range d.Cards {
		card, ok := book.Find(row.ID)
		if !ok || row.Stage == course.ToPredict.String() {
			continue
		}
		e := entry{Row: row, Details: details(row, text), Prediction: card.Answer(text.Lang(), row.Prediction)}
		e.fill(card, text)
		all = append(all, e)
	}
	return all
}

func (e *entry) fill(card *course.Card, text *i18n.Catalogue) {
	kept := e.Runs
	for i, run := range kept.List() {
		if run == nil {
			continue
		}
		e.Letters = append(e.Letters, strings.ToUpper(course.Letters[i:i+1]))
		e.Seeds = append(e.Seeds, strconv.FormatUint(run.Seed, 10))
		e.Took = append(e.Took, strconv.FormatFloat(run.Duration, 'f', 1, 64)+" s")
	}
	for _, m := range card.Figures() {
		f := figure{Name: card.Names(text).Metric(m.ID), Bars: course.Bars(m.ID, kept)}
		for _, run := range kept.List() {
			if run != nil {
				f.Cells = append(f.Cells, m.Format.Write(run.Metrics[m.ID]))
			}
		}
		e.Figures = append(e.Figures, f)
	}
	for _, id := range card.Opens {
		row := []string{card.Names(text).Knobs(id)}
		for _, run := range kept.List() {
			if run != nil {
				row = append(row, card.Names(text).Setting(id, run.Knobs[id]))
			}
		}
		e.Settings = append(e.Settings, row)
	}
}

// passed counts the cards that are passed.
func (d *Document) passed() (n int) {
	for _, row := range d.Cards {
		if row.Stage == course.Passed.String() {
			n++
		}
	}
	return n
}
