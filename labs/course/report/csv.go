package report

import (
	"encoding/csv"
	"io"
	"strings"

	"resilab/labs/course"
	"resilab/labs/i18n"
)

// CSV writes one row of grades as Moodle's grade import takes it: the student's
// e-mail address, to be mapped to "useremail", and for each card a grade of 100
// or nothing and a column of feedback, which Moodle wants beside a grade.
func (d *Document) CSV(w io.Writer, text *i18n.Catalogue) error {
	head, row := []string{"Email address"}, []string{d.Student}
	for _, card := range d.Cards {
		head = append(head, "resilab "+card.ID, "resilab "+card.ID+" (feedback)")
		grade, feedback := "", ""
		if card.Stage == course.Passed.String() {
			grade = "100"
		}
		if card.Stage != course.ToPredict.String() {
			feedback = strings.Join(details(card, text), "; ")
		}
		row = append(row, grade, feedback)
	}
	out := csv.NewWriter(w)
	if err := out.WriteAll([][]string{head, row}); err != nil {
		return err
	}
	return out.Error()
}

// details say in words what was done with a card.
func details(row course.Row, text *i18n.Catalogue) []string {
	all := []string{text.T("course.stage." + row.Stage)}
	if row.PassedAt != nil {
		all[0] += " " + row.PassedAt.Format("2006-01-02 15:04 -07:00")
	}
	if row.Right != nil {
		key := "course.wrong"
		if *row.Right {
			key = "course.right"
		}
		all = append(all, text.T(key))
	}
	all = append(all, text.T("course.hints_used", row.Hints), text.T("course.checks", row.Checks), text.T("course.minutes", row.Minutes))
	if row.RealBroker {
		all = append(all, text.T("course.real"))
	}
	return all
}
