package sshd

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"resilab/labs/course"
	"resilab/tui/state"
)

// reportTimeout bounds how long a report may take to collect.
const reportTimeout = 30 * time.Second

// stageNames are the words of a report for what a student has done of a card.
var stageNames = [...]string{course.ToPredict: "open", course.ToRunA: "predicted", course.ToRunB: "run A", course.Passed: "passed"}

// cardReport is one student at one card, as `ssh HOST report json` prints it.
type cardReport struct {
	Name        string     `json:"name"`
	ID          string     `json:"id"`
	Card        string     `json:"card"`
	Stage       string     `json:"stage"`
	Hints       int        `json:"hints"`
	Checks      int        `json:"checks"`
	Minutes     int        `json:"minutes"` // that the student has worked at the card
	InAll       int        `json:"minutes_in_all"`
	PredictedAt *time.Time `json:"predicted_at,omitempty"`
	PassedAt    *time.Time `json:"passed_at,omitempty"`
}

// reportTo returns the work of a session that writes what the class has done.
func (s *session) reportTo(write func(io.Writer, []cardReport) error) func() {
	return func() {
		ctx, cancel := context.WithTimeout(s.ctx, reportTimeout)
		defer cancel()
		server := s.conn.server
		rows, err := state.Report(ctx, server.State, server.Cards)
		if err == nil {
			err = write(s.channel, cardReports(rows, server.Cards))
		}
		if err != nil {
			server.Logger.Error("report", "remote", s.conn.remote, "error", err)
			s.leave(1, "sshd.end.report")
			return
		}
		server.Logger.Info("report", "remote", s.conn.remote, "user", s.user, "people", len(rows))
		s.leave(0, "")
	}
}

// cardReports lists what was begun; a student without any card has no line.
func cardReports(rows []state.Row, cards []string) []cardReport {
	list := []cardReport{}
	for _, row := range rows {
		for i, rec := range row.Records {
			if rec.Stage() == course.ToPredict && rec.Hints == 0 {
				continue
			}
			list = append(list, cardReport{Name: clean(row.Person.Label(), maxName), ID: row.Person.ID, Card: cards[i],
				Stage: stageNames[rec.Stage()], Hints: rec.Hints, Checks: rec.Checks, Minutes: minutes(rec.Worked), InAll: minutes(row.Person.Active), PredictedAt: rec.PredictedAt, PassedAt: rec.PassedAt})
		}
	}
	return list
}

func writeJSON(w io.Writer, list []cardReport) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(list)
}

func writeCSV(w io.Writer, list []cardReport) error {
	c := csv.NewWriter(w)
	lines := [][]string{{"name", "id", "card", "stage", "hints", "checks", "minutes", "minutes_in_all", "predicted_at", "passed_at"}}
	for _, r := range list {
		lines = append(lines, []string{cell(r.Name), r.ID, r.Card, r.Stage, strconv.Itoa(r.Hints), strconv.Itoa(r.Checks), strconv.Itoa(r.Minutes), strconv.Itoa(r.InAll),
			moment(r.PredictedAt), moment(r.PassedAt)})
	}
	return c.WriteAll(lines)
}

// cell keeps a name from being taken for a formula by a spreadsheet.
func cell(name string) string {
	if strings.ContainsAny(name[:min(1, len(name))], "=+-@") {
		return "'" + name
	}
	return name
}

func moment(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
