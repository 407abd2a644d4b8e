package report

import (
	"context"
	"fmt"

	"resilab/labs/course"
	"resilab/labs/course/trial"
)

// Verdict is what the verification of one card found.
type Verdict struct {
	ID        string
	Possible  bool   // the figures can have come from this lab
	Why       string // of the first figure that cannot; empty where all can
	Tolerance string // that was allowed
	Skipped   bool   // needs a broker that is not there
}

// Verify plays the recorded settings of every passed card with the recorded
// seeds and compares the figures that its check reads.
func (d *Document) Verify(ctx context.Context, book *course.Book, player *trial.Player) (all []Verdict, err error) {
	for _, row := range d.Cards {
		if row.Stage != course.Passed.String() {
			continue
		}
		card, ok := book.Find(row.ID)
		if !ok {
			all = append(all, Verdict{ID: row.ID, Why: "unknown card"})
			continue
		}
		v, err := verify(ctx, card, row, player)
		if err != nil {
			return all, fmt.Errorf("verifying %s: %w", row.ID, err)
		}
		all = append(all, v)
	}
	return all, nil
}

func verify(ctx context.Context, card *course.Card, row course.Row, player *trial.Player) (Verdict, error) {
	v := Verdict{ID: row.ID, Possible: true, Tolerance: "±25 %, ±10 points, ±60 ms"}
	if card.Needs != "" {
		v.Skipped = true
		return v, nil
	}
	if !card.Passing(row.Runs) {
		v.Possible, v.Why = false, "the reported runs do not pass the card"
		return v, nil
	}
	for i, run := range row.List() {
		if run == nil {
			continue
		}
		again, err := player.Run(ctx, card, run.Settings(card.Spec), run.Seed)
		if err != nil {
			return v, err
		}
		for _, m := range card.Figures() {
			want, have := card.Span(m, again.Metrics), card.Span(m, run.Metrics)
			if !want.Allows(m.Format, have) {
				v.Possible = false
				v.Why = fmt.Sprintf("%c: %s is %s, played again %s", course.Letters[i], m.ID,
					m.Format.Write(run.Metrics[m.ID]), m.Format.Write(again.Metrics[m.ID]))
				return v, nil
			}
		}
	}
	return v, nil
}
