// Package console is the course without a screen: lists, checks and reports
// for the command line, and a linear guide through a card that a screen
// reader can follow. Nothing is repainted; every line is written once.
package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"resilab/labs/course"
	"resilab/labs/i18n"
)

// Desk is where a student works: the book, the progress, and where words go.
type Desk struct {
	Book  *course.Book
	Store *course.Store
	Text  *i18n.Catalogue
	Out   io.Writer
}

// say writes one line.
func (d *Desk) say(key string, args ...any) { d.line(d.Text.T(key, args...)) }

func (d *Desk) line(text string) { fmt.Fprintln(d.Out, text) }

// List writes all cards, one a line.
func (d *Desk) List() error {
	var rows [][]string
	for _, c := range d.Book.Cards() {
		kind := d.Text.T("course.core")
		if !c.Core {
			kind = d.Text.T("course.challenge")
		}
		rows = append(rows, []string{c.ID, d.Text.T(c.Spec.ID + ".name"), kind, c.Words(d.Text.Lang()).Title})
	}
	return d.table(rows)
}

// Status writes how far every card is, and how many are passed.
func (d *Desk) Status() error {
	report := course.Report(d.Book, d.Store, d.Text.Lang())
	var rows [][]string
	passed := 0
	for _, r := range report {
		if r.Stage == course.Passed.String() {
			passed++
		}
		rows = append(rows, []string{r.ID, r.Title, d.Text.T("course.stage." + r.Stage)})
	}
	if err := d.table(rows); err != nil {
		return err
	}
	d.say("course.summary", passed, len(report))
	return nil
}

// Report writes the progress for others to read: as text, or as a JSON array
// of course.Row.
func (d *Desk) Report(asJSON bool) error {
	report := course.Report(d.Book, d.Store, d.Text.Lang())
	if asJSON {
		enc := json.NewEncoder(d.Out)
		enc.SetIndent("", "  ")
		return enc.Encode(report)
	}
	for _, r := range report {
		d.line(strings.Join(append([]string{r.ID, r.Title}, d.details(r)...), " · "))
	}
	return nil
}

// details are what a report says of a card besides its name.
func (d *Desk) details(r course.Row) []string {
	details := []string{d.Text.T("course.stage." + r.Stage)}
	if r.PassedAt != nil {
		details[0] += " " + r.PassedAt.Format("2006-01-02 15:04")
	}
	if r.Right != nil {
		key := "course.wrong"
		if *r.Right {
			key = "course.right"
		}
		details = append(details, d.Text.T(key))
	}
	if r.Stage != course.ToPredict.String() {
		details = append(details, d.Text.T("course.hints_used", r.Hints), d.Text.T("course.checks", r.Checks))
	}
	if r.RealBroker {
		details = append(details, d.Text.T("course.real"))
	}
	return details
}

// Check judges the kept runs of a card again and tells whether they pass it.
func (d *Desk) Check(id string) (passed bool, err error) {
	c, err := d.card(id)
	if err != nil {
		return false, err
	}
	rec := d.Store.Record(c.ID)
	if rec.A == nil || rec.B == nil {
		d.say("course.nothing", c.ID)
		return false, nil
	}
	return d.judge(c, rec.A, rec.B), nil
}

// CheckRuns judges two runs as `resilab run --format json` has printed them.
func (d *Desk) CheckRuns(id string, a, b []byte) (passed bool, err error) {
	c, err := d.card(id)
	if err != nil {
		return false, err
	}
	runs := [2]*course.Evidence{}
	for i, data := range [][]byte{a, b} {
		if runs[i], err = course.ReadEvidence(data); err != nil {
			return false, err
		}
		if runs[i].Lab != c.Spec.ID {
			return false, errors.New(d.Text.T("course.error.lab", c.ID, c.Spec.ID, runs[i].Lab))
		}
	}
	return d.judge(c, runs[0], runs[1]), nil
}

func (d *Desk) judge(c *course.Card, a, b *course.Evidence) bool {
	j := c.Judge(a, b)
	d.tell(c, j, a)
	if j.Passed {
		d.line(c.ID + " · " + d.Text.T("course.stage.passed"))
	} else {
		d.line(c.ID + " · " + d.Text.T("course.plain.not_yet"))
	}
	return j.Passed
}

// tell writes a judgement, one condition or obstacle a line.
func (d *Desk) tell(c *course.Card, j course.Judgement, a *course.Evidence) {
	for _, cond := range j.Conditions {
		verdict := d.Text.T("course.fails")
		switch {
		case !cond.Known:
			verdict = d.Text.T("course.unknown")
		case cond.Holds:
			verdict = d.Text.T("course.holds")
		}
		d.line("  " + verdict + "  " + d.condition(c, cond, a))
	}
	for _, s := range j.Short {
		d.say("course.short", c.MetricName(d.Text, s.Metric), s.Have, s.Min)
	}
	if len(j.Changed) > 0 {
		d.say("course.changed", c.KnobNames(d.Text, j.Changed))
	}
	if j.OtherSeed {
		d.say("course.other_seed")
	}
	if j.OtherWorld {
		d.say("course.other_world")
	}
	if j.Wide {
		d.say("course.wide")
	}
}

func (d *Desk) condition(c *course.Card, cond course.Condition, a *course.Evidence) string {
	told := c.Tell(d.Text, cond, a)
	switch {
	case cond.Op == "":
		return told.Name
	case told.A == "":
		return d.Text.T("course.against", told.Name, told.Value, told.Limit)
	default:
		return d.Text.T("course.against_a", told.Name, told.Value, told.Limit, told.A)
	}
}

// SetAside says where a broken progress file went.
func (d *Desk) SetAside(aside *course.SetAside) {
	if aside != nil {
		d.say("course.set_aside", strings.Join(strings.Fields(aside.Cause.Error()), " "), aside.Path)
	}
}

func (d *Desk) card(id string) (*course.Card, error) {
	c, ok := d.Book.Find(id)
	if !ok {
		return nil, errors.New(d.Text.T("course.error.card", id, strings.Join(d.Book.IDs(), "|")))
	}
	return c, nil
}

// table writes rows in aligned columns.
func (d *Desk) table(rows [][]string) error {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
		}
		if _, err := fmt.Fprintln(d.Out, strings.TrimRight(b.String(), " ")); err != nil {
			return fmt.Errorf("writing the table: %w", err)
		}
	}
	return nil
}
