package widget

import (
	"strconv"
	"strings"
	"time"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/theme"
)

// logTime is the column of an event's time: "59:59.9".
const logTime = 7

// Log shows a lab's events: the newest at the bottom.
type Log struct {
	Events []lab.Event
	Filter string // only lines that contain it, in any case
	Back   int    // how many matching lines are hidden below the bottom
}

// Matching returns the events that the filter lets through.
func (g Log) Matching(text *i18n.Catalogue) []lab.Event {
	if g.Filter == "" {
		return g.Events
	}
	wanted := strings.ToLower(g.Filter)
	var out []lab.Event
	for _, e := range g.Events {
		if strings.Contains(strings.ToLower(text.T(e.Key, e.Args...)), wanted) {
			out = append(out, e)
		}
	}
	return out
}

// Rows draws the log into h rows of w cells.
func (g Log) Rows(th *theme.Theme, text *i18n.Catalogue, w, h int) []string {
	events := g.Matching(text)
	end := max(0, len(events)-max(0, g.Back))
	begin := max(0, end-h)
	rows := make([]string, 0, max(0, h))
	for _, e := range events[begin:end] {
		rows = append(rows, eventRow(th, text, e, w))
	}
	return Fit(rows, w, h)
}

func eventRow(th *theme.Theme, text *i18n.Catalogue, e lab.Event, w int) string {
	l := NewLine(th, w)
	symbol, style := th.Mark(e.Mark)
	if w >= 30 {
		l.RightCell(th.Dim, eventTime(e.At), logTime).Gap(1)
	}
	l.Put(style, symbol).Gap(1)
	words := th.Text
	if e.Mark == lab.MarkFail || e.Mark == lab.MarkWarn || e.Mark == lab.MarkFault {
		words = style
	}
	return l.Put(words, text.T(e.Key, e.Args...)).String()
}

// eventTime writes when an event was, in minutes, seconds and tenths since
// the lab started.
func eventTime(at time.Duration) string {
	tenths := int64(max(0, at) / (100 * time.Millisecond))
	minutes, rest := tenths/600, tenths%600
	s := strconv.FormatInt(minutes, 10) + ":"
	if rest < 100 {
		s += "0"
	}
	return s + strconv.FormatInt(rest/10, 10) + "." + strconv.FormatInt(rest%10, 10)
}

// Wrap breaks a text into rows of at most w cells, at blanks.
func Wrap(s string, w int) (rows []string) {
	if w <= 0 {
		return nil
	}
	row := ""
	for _, word := range strings.Fields(s) {
		switch {
		case row == "":
			row = word
		case Width(row)+1+Width(word) <= w:
			row += " " + word
		default:
			rows = append(rows, row)
			row = word
		}
	}
	if row != "" {
		rows = append(rows, row)
	}
	return rows
}
