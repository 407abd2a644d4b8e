package sshd

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"resilab/labs/course"
	"resilab/tui/state"
)

// classRow is one line of the teacher's table.
type classRow struct {
	state.Row
	seatPresence // without an ID: not here
}

// minutes is how long the person has worked, today and before.
func (r classRow) minutes() int { return minutes(r.Row.Person.Active + r.Active) }

func minutes(d time.Duration) int { return int(d / time.Minute) }

// Label is the name of the person.
func (r classRow) Label() string { return r.Row.Person.Label() }

// classMsg is the table as it was read.
type classMsg struct {
	rows []classRow
	err  error // what may be out of date or missing, and why
}

// classTable reads who was kept and who is here. What can be read is there also
// with an error.
func (s *server) classTable(ctx context.Context) classMsg {
	kept, err := state.Report(ctx, s.State, s.Cards)
	var rows []classRow
	known := map[string]int{}
	for _, r := range kept {
		known[r.Person.ID] = len(rows)
		rows = append(rows, classRow{Row: r})
	}
	present, away := s.class.seats()
	for _, p := range present {
		i, ok := known[p.Person.ID]
		if !ok {
			i = len(rows)
			known[p.Person.ID] = i
			rows = append(rows, classRow{Row: state.Row{Person: p.Person, Records: make([]course.Record, len(s.Cards))}})
		}
		rows[i].seatPresence = p
	}
	return classMsg{rows: rows, err: errors.Join(err, away)}
}

// orders are how the table can be sorted.
var orders = []struct {
	name    string
	compare func(a, b classRow) int
}{
	{"name", func(a, b classRow) int {
		return cmp.Compare(strings.ToLower(a.Label()), strings.ToLower(b.Label()))
	}},
	{"passed", func(a, b classRow) int { return cmp.Compare(a.Passed(), b.Passed()) }},
	{"idle", func(a, b classRow) int { return cmp.Compare(b.Idle, a.Idle) }},
	{"minutes", func(a, b classRow) int { return cmp.Compare(b.minutes(), a.minutes()) }},
}
