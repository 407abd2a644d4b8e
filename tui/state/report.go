package state

import (
	"context"
	"fmt"

	"resilab/labs/course"
)

// Row is one person with the records of the cards that were asked for.
type Row struct {
	Person  Person
	Records []course.Record // in the order of the cards
}

// Passed returns how many of the row's cards are passed.
func (r Row) Passed() (n int) {
	for _, rec := range r.Records {
		if rec.Stage() == course.Passed {
			n++
		}
	}
	return n
}

// Report returns a row for every person recorded, in the order of People.
func Report(ctx context.Context, store Store, cards []string) (rows []Row, err error) {
	people, err := store.People(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range people {
		progress, err := store.Progress(ctx, p.ID)
		if err != nil {
			return nil, fmt.Errorf("reading the progress of %s: %w", p.ID, err)
		}
		row := Row{Person: p, Records: make([]course.Record, len(cards))}
		for i, card := range cards {
			row.Records[i] = progress.Record(card)
		}
		rows = append(rows, row)
	}
	return rows, nil
}
