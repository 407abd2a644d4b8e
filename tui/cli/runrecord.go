package cli

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"resilab/labs/i18n"
	"resilab/labs/lab"
)

// recorder writes what happens during a run.
type recorder interface {
	// observe is called again and again during the run, and once at its end.
	observe(*lab.Snapshot) error
}

// csvRecorder writes a row of figures for each interval: those of the run up to
// that moment. A figure that is not known yet is an empty cell.
type csvRecorder struct {
	spec *lab.Spec
	out  *csv.Writer
	head bool // was written
}

func newCSV(w io.Writer, spec *lab.Spec) *csvRecorder {
	return &csvRecorder{spec: spec, out: csv.NewWriter(w)}
}

func (r *csvRecorder) observe(snap *lab.Snapshot) error {
	if !r.head {
		r.head = true
		names := []string{"elapsed_s"}
		for _, m := range r.spec.Metrics {
			names = append(names, m.ID)
		}
		_ = r.out.Write(names) // Error returns what went wrong
	}
	row := []string{strconv.FormatFloat(snap.Elapsed.Seconds(), 'f', 3, 64)}
	for _, m := range r.spec.Metrics {
		cell := ""
		if v, ok := snap.Metrics[m.ID]; ok {
			cell = strconv.FormatFloat(v, 'g', -1, 64)
		}
		row = append(row, cell)
	}
	_ = r.out.Write(row)
	r.out.Flush()
	if err := r.out.Error(); err != nil {
		return fmt.Errorf("writing a row: %w", err)
	}
	return nil
}

// printedEvent is an event as --format ndjson prints it.
type printedEvent struct {
	Seq     uint64  `json:"seq"`
	At      float64 `json:"at_s"` // since the lab started
	Mark    string  `json:"mark"`
	Event   string  `json:"event"`
	Args    []any   `json:"args"`
	Text    string  `json:"text"`
	Routine bool    `json:"routine"` // one of many of its kind
}

// eventRecorder writes the events of a run, one JSON object a line.
type eventRecorder struct {
	text   *i18n.Catalogue
	out    *json.Encoder
	last   uint64 // the newest event that was written
	missed uint64 // events that had left the log before they were seen
}

func newEvents(w io.Writer, text *i18n.Catalogue) *eventRecorder {
	return &eventRecorder{text: text, out: plainJSON(w)}
}

func (r *eventRecorder) observe(snap *lab.Snapshot) error {
	for _, e := range snap.Events {
		if e.Seq <= r.last {
			continue
		}
		r.missed += e.Seq - r.last - 1
		r.last = e.Seq
		err := r.out.Encode(printedEvent{Seq: e.Seq, At: e.At.Seconds(), Mark: e.Mark.String(), Event: e.Key,
			Args: plainArgs(e.Args), Text: r.text.T(e.Key, e.Args...), Routine: e.Routine})
		if err != nil {
			return fmt.Errorf("writing an event: %w", err)
		}
	}
	return nil
}

// tellMissed says how many events are not in the output.
func (r *eventRecorder) tellMissed(out output) {
	if r.missed > 0 {
		out.note(out.text.T("cli.run.missed", r.missed))
	}
}

// plainArgs are an event's arguments as JSON has them: a duration in seconds, what
// is neither number nor truth value as text.
func plainArgs(args []any) []any {
	plain := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case int, int64, uint64, float64, bool, string:
			plain[i] = a
		case time.Duration:
			plain[i] = a.Seconds()
		default:
			plain[i] = fmt.Sprint(a)
		}
	}
	return plain
}
