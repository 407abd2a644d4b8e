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

// Printer writes what the course has to say: lists, judgements and reports.
type Printer struct {
	Book  *course.Book
	Store *course.Store
	Text  *i18n.Catalogue
	Out   io.Writer
}

// say writes one line.
func (p *Printer) say(key string, args ...any) { p.line(p.Text.T(key, args...)) }

func (p *Printer) line(text string) { fmt.Fprintln(p.Out, text) }

// List writes all cards: one a line, or as a JSON array of course.Row without
// progress.
func (p *Printer) List(asJSON bool) error {
	if asJSON {
		return p.json(course.Report(p.Book, course.NewStore(), p.Text.Lang()))
	}
	var rows [][]string
	for _, c := range p.Book.Cards() {
		kind := p.Text.T("course.core")
		if !c.Core {
			kind = p.Text.T("course.challenge")
		}
		rows = append(rows, []string{c.ID, p.Text.T(c.Spec.ID + ".name"), kind, c.Words(p.Text.Lang()).Title, p.needs(c)})
	}
	return p.table(rows)
}

// needs says which real broker a card needs; it is empty where it needs none.
func (p *Printer) needs(c *course.Card) string {
	if c.Needs == "" {
		return ""
	}
	return p.Text.T("course.needs", p.Text.T("course.broker."+c.Needs))
}

// Status writes how far every card is, and how many are passed: as text, or as
// one JSON object.
func (p *Printer) Status(asJSON bool) error {
	report := course.Report(p.Book, p.Store, p.Text.Lang())
	if asJSON {
		return p.json(statusOf(report))
	}
	var rows [][]string
	for _, r := range report {
		rows = append(rows, []string{r.ID, r.Title, p.Text.T("course.stage." + r.Stage)})
	}
	if err := p.table(rows); err != nil {
		return err
	}
	p.say("course.summary", statusOf(report).Passed, len(report))
	return nil
}

// Report writes the progress for others to read: as text, or as a JSON array
// of course.Row.
func (p *Printer) Report(asJSON bool) error {
	report := course.Report(p.Book, p.Store, p.Text.Lang())
	if asJSON {
		return p.json(report)
	}
	for _, r := range report {
		p.line(strings.Join(append([]string{r.ID, r.Title}, p.details(r)...), " · "))
	}
	return nil
}

// status is what Status writes as JSON.
type status struct {
	Passed int         `json:"passed"`
	Of     int         `json:"of"`
	Cards  []cardStage `json:"cards"`
}

type cardStage struct {
	ID    string `json:"id"`
	Stage string `json:"stage"`
}

func statusOf(report []course.Row) status {
	s := status{Of: len(report), Cards: []cardStage{}}
	for _, r := range report {
		if r.Stage == course.Passed.String() {
			s.Passed++
		}
		s.Cards = append(s.Cards, cardStage{r.ID, r.Stage})
	}
	return s
}

// json writes v as indented JSON.
func (p *Printer) json(v any) error {
	enc := json.NewEncoder(p.Out)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("writing the course: %w", err)
	}
	return nil
}

// details are what a report says of a card besides its name.
func (p *Printer) details(r course.Row) []string {
	details := []string{p.Text.T("course.stage." + r.Stage)}
	if r.PassedAt != nil {
		details[0] += " " + r.PassedAt.Format("2006-01-02 15:04 -07:00")
	}
	if r.Right != nil {
		key := "course.wrong"
		if *r.Right {
			key = "course.right"
		}
		details = append(details, p.Text.T(key))
	}
	if r.Stage != course.ToPredict.String() {
		details = append(details, p.Text.T("course.hints_used", r.Hints), p.Text.T("course.checks", r.Checks), p.Text.T("course.minutes", r.Minutes))
	}
	if r.RealBroker {
		details = append(details, p.Text.T("course.real"))
	}
	return details
}

// Check judges the kept runs of a card again and reports whether they pass it.
func (p *Printer) Check(id string) (passed bool, err error) {
	c, err := p.card(id)
	if err != nil {
		return false, err
	}
	rec := p.Store.Record(c.ID)
	if rec.A == nil || rec.B == nil {
		p.say("course.nothing", c.ID)
		return false, nil
	}
	return p.told(c, course.NewSession(c, rec).Kept(), rec.A), nil
}

// CheckRuns judges runs as `resilab run --format json` has printed them, in the
// order of their letters.
func (p *Printer) CheckRuns(id string, printed ...[]byte) (passed bool, err error) {
	c, err := p.card(id)
	if err != nil {
		return false, err
	}
	runs := make([]*course.Evidence, len(printed))
	for i, data := range printed {
		if runs[i], err = course.ReadEvidence(data); err != nil {
			return false, err
		}
		if runs[i].Lab != c.Spec.ID {
			return false, errors.New(p.Text.T("course.error.lab", c.ID, c.Spec.ID, runs[i].Lab))
		}
	}
	if len(runs) != c.Runs() {
		return false, errors.New(p.Text.T("course.error.runs", c.ID, c.Runs(), len(runs)))
	}
	return p.told(c, c.Judge(runs...), runs[0]), nil
}

// told writes a judgement, and whether the card is passed.
func (p *Printer) told(c *course.Card, j course.Judgement, a *course.Evidence) bool {
	p.tell(c, j, a)
	if j.Passed {
		p.line(c.ID + " · " + p.Text.T("course.stage.passed"))
	} else {
		p.line(c.ID + " · " + p.Text.T("course.plain.not_yet"))
	}
	return j.Passed
}

// tell writes a judgement, one condition or obstacle a line.
func (p *Printer) tell(c *course.Card, j course.Judgement, a *course.Evidence) {
	for _, cond := range j.Conditions {
		verdict := p.Text.T("course.fails")
		switch {
		case !cond.Known:
			verdict = p.Text.T("course.unknown")
		case cond.Holds:
			verdict = p.Text.T("course.holds")
		}
		p.line("  " + verdict + "  " + p.condition(c, cond, a))
	}
	for _, s := range j.Short {
		p.say("course.short", c.Names(p.Text).Metric(s.Metric), s.Have, s.Min)
	}
	if len(j.Changed) > 0 {
		p.say("course.changed", c.Names(p.Text).Knobs(j.Changed...))
	}
	if j.Same {
		p.say("course.same")
	}
	if j.Embedded {
		p.say("course.embedded", p.Text.T("course.broker."+c.Needs))
	}
	if j.OtherSeed {
		p.say("course.other_seed")
	}
	if j.OtherWorld {
		p.say("course.other_world")
	}
	if j.Wide {
		p.say("course.wide")
	}
}

func (p *Printer) condition(c *course.Card, cond course.Condition, a *course.Evidence) string {
	told := c.Names(p.Text).Condition(cond, a)
	switch {
	case cond.Op == "":
		return told.Name
	case told.A == "":
		return p.Text.T("course.against", told.Name, told.Value, told.Limit)
	default:
		return p.Text.T("course.against_a", told.Name, told.Value, told.Limit, told.A)
	}
}

func (p *Printer) card(id string) (*course.Card, error) {
	c, ok := p.Book.Find(id)
	if !ok {
		return nil, errors.New(p.Text.T("course.error.card", id, strings.Join(p.Book.IDs(), "|")))
	}
	return c, nil
}

// table writes rows in aligned columns.
func (p *Printer) table(rows [][]string) error {
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
		if _, err := fmt.Fprintln(p.Out, strings.TrimRight(b.String(), " ")); err != nil {
			return fmt.Errorf("writing the table: %w", err)
		}
	}
	return nil
}
