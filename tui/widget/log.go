package widget

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/theme"
)

// logTime is the column of an event's time: "59:59.9".
const logTime = 7

// Log shows a lab's events: the newest at the bottom.
type Log struct {
	Events []lab.Event
	Began  time.Duration // when the run began: events count from there
	Filter string        // only lines that contain it, in any case
	// Notable leaves out events that are routine.
	Notable bool
	Back    int // how many matching lines are hidden below the bottom
}

// Matching returns the events that the filter lets through.
func (g Log) Matching(text *i18n.Catalogue) []lab.Event {
	if g.Filter == "" && !g.Notable {
		return g.Events
	}
	wanted := strings.ToLower(g.Filter)
	var out []lab.Event
	for _, e := range g.Events {
		if g.Notable && e.Routine {
			continue
		}
		if wanted == "" || strings.Contains(strings.ToLower(text.T(e.Key, e.Args...)), wanted) {
			out = append(out, e)
		}
	}
	return out
}

// Rows draws the log into h rows of w cells. While it flows, the newest notable
// events keep a third of the rows at the top, however many routine ones follow.
func (g Log) Rows(th *theme.Theme, text *i18n.Catalogue, w, h int) []string {
	events := g.Matching(text)
	end := max(0, len(events)-max(0, g.Back))
	begin := max(0, end-h)
	shown := events[begin:end]
	if g.Back == 0 {
		kept := notable(events[:begin], shown, h/3)
		shown = append(kept, shown[min(len(shown), len(kept)):]...)
	}
	rows := make([]string, 0, max(0, h))
	for _, e := range shown {
		rows = append(rows, g.eventRow(th, text, e, w))
	}
	return Fit(rows, w, h)
}

// notable returns the newest events of older that are not routine, so many that
// with those among the n first of shown, whose place they take, there are at most
// most.
func notable(older, shown []lab.Event, most int) (kept []lab.Event) {
	if !hasRoutine(shown) {
		return nil // nothing pushes notable events out
	}
	for i := len(older) - 1; i >= 0 && len(kept) < most; i-- {
		if !older[i].Routine {
			kept = append(kept, older[i])
		}
	}
	slices.Reverse(kept)
	for n := 0; n < len(kept) && n < len(shown); n++ { // what they push out may be notable itself
		if !shown[n].Routine {
			kept = append(kept[1:], shown[n])
		}
	}
	return kept
}

func hasRoutine(events []lab.Event) bool {
	return slices.ContainsFunc(events, func(e lab.Event) bool { return e.Routine })
}

func (g Log) eventRow(th *theme.Theme, text *i18n.Catalogue, e lab.Event, w int) string {
	l := NewLine(th, w)
	symbol, style := th.Mark(e.Mark)
	if w >= 30 {
		l.RightCell(th.Dim, EventTime(e.At-g.Began), logTime).Gap(1)
	}
	l.Put(style, symbol).Gap(1)
	words := th.Text
	if e.Mark == lab.MarkFail || e.Mark == lab.MarkWarn || e.Mark == lab.MarkFault {
		words = style
	}
	return l.Put(words, text.T(e.Key, e.Args...)).String()
}

// Clock writes how much of a run has passed: 1:05.
func Clock(d time.Duration) string {
	s := int64(max(0, d) / time.Second)
	rest := strconv.FormatInt(s%60, 10)
	if s%60 < 10 {
		rest = "0" + rest
	}
	return strconv.FormatInt(s/60, 10) + ":" + rest
}

// EventTime writes when in the run an event was, as Clock does with tenths of a
// second. An event of an earlier run has a minus.
func EventTime(at time.Duration) string {
	sign := ""
	if at < 0 {
		sign, at = "-", -at
	}
	return sign + Clock(at) + "." + strconv.FormatInt(int64(at/(100*time.Millisecond))%10, 10)
}

// Wrap breaks a text into rows of at most w cells: at blanks, and inside a word that is
// wider. An address that is cut off could not be read to its end.
func Wrap(s string, w int) []string {
	var words []string
	for _, word := range strings.Fields(s) {
		for Width(word) > w {
			head := ansi.Truncate(word, w, "")
			if head == "" {
				break // not even one letter fits
			}
			words, word = append(words, head), word[len(head):]
		}
		words = append(words, word)
	}
	return wrapped(words, w)
}

// WrapWords is Wrap for code: it keeps words whole, and a row may be too wide.
func WrapWords(s string, w int) []string { return wrapped(strings.Fields(s), w) }

// wrapped puts words into rows of at most w cells.
func wrapped(words []string, w int) (rows []string) {
	if w <= 0 {
		return nil
	}
	row := ""
	for _, word := range words {
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
