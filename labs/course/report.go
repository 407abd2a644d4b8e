package course

import (
	"time"

	"resilab/labs/i18n"
)

// Row is what a report says about one card.
type Row struct {
	ID         string     `json:"id"`
	Lab        string     `json:"lab"`
	Core       bool       `json:"core"`
	Title      string     `json:"title"`
	Stage      string     `json:"stage"` // to_predict, to_run_a, to_run_b, passed, unproven
	Prediction string     `json:"prediction,omitempty"`
	Right      *bool      `json:"prediction_right,omitempty"`
	Hints      int        `json:"hints"`
	Checks     int        `json:"checks"`
	Minutes    int        `json:"minutes"` // of work at the card
	Resets     uint       `json:"resets,omitempty"`
	PassedAt   *time.Time `json:"passed_at,omitempty"`
	RealBroker bool       `json:"real_broker"`
	Runs
}

var stageNames = [...]string{ToPredict: "to_predict", ToRunA: "to_run_a", ToRunB: "to_run_b", Passed: "passed"}

func (s Stage) String() string { return stageNames[s] }

// unproven is the stage of a card that is recorded as passed although its kept
// runs do not pass it.
const unproven = "unproven"

// Records are what is known of the cards of one student.
type Records interface {
	// Record returns the record of a card; the zero Record if there is none.
	Record(id string) Record
}

// Report returns the progress of every card, in the order of the course. A card
// that was passed counts as passed although it has been restarted.
func Report(book *Book, store Records, lang i18n.Lang) []Row {
	rows := make([]Row, 0, len(book.cards))
	for _, c := range book.cards {
		rec := store.Record(c.ID)
		if p, ok := rec.Passing(); ok {
			rec = p
		}
		s := NewSession(c, rec)
		row := Row{ID: c.ID, Lab: c.Spec.ID, Core: c.Core, Title: c.Words(lang).Title, Stage: s.Stage().String(),
			Prediction: rec.Prediction, Hints: rec.Hints, Checks: rec.Checks, Minutes: int(rec.Worked / time.Minute), Resets: rec.Resets, PassedAt: rec.PassedAt,
			Runs: rec.Runs}
		row.RealBroker = rec.B != nil && rec.B.real(c.Broker)
		if s.Stage() == Passed && !s.Kept().Passed {
			row.Stage = unproven
		}
		if o := s.Outcome(); s.Stage() == Passed && o.Known {
			row.Right = &o.Right
		}
		rows = append(rows, row)
	}
	return rows
}

// Passing reports whether kept runs pass the card.
func (c *Card) Passing(runs Runs) bool {
	return NewSession(c, Record{Runs: runs}).Kept().Passed
}
