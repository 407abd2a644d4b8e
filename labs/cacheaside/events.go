package cacheaside

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"resilab/labs/cacheaside/measure"
	"resilab/labs/cacheaside/service"
	"resilab/labs/kit"
	"resilab/labs/lab"
)

// eventLog writes what happens to products and settings.
type eventLog struct {
	*kit.ThrottledLog
	guest bool // a visitor over the network reads it
}

// changes writes the settings that differ from those of the run before.
func (l eventLog) changes(old *run, next *kit.Run) {
	if old == nil {
		return
	}
	for _, k := range Spec().Knobs {
		if was, is := old.Settings[k.ID], next.Settings[k.ID]; was != is {
			l.Add(lab.MarkSetting, "cacheaside.event.knob", k.ID, is.String())
		}
	}
}

// answer writes an answer that is worth a line: hits are not, unless they are
// requested over HTTP or wrong.
func (l eventLog) answer(shown measure.Answer, a service.Answer, err error) {
	took := rounded(shown.Took)
	switch {
	case shown.HTTP:
		l.Routine(lab.MarkAttempt, "cacheaside.event.http", shown.ID, shown.Status, string(shown.Source), took)
	case shown.Status == http.StatusNotFound:
		l.Routine(lab.MarkInfo, "cacheaside.event.unknown", shown.ID)
	case shown.Status != http.StatusOK:
		l.failure("cacheaside.event.failed", shown.ID, err)
	case shown.Stale:
		l.Routine(lab.MarkWarn, "cacheaside.event.stale", a.Name, Money(a.Price))
	case a.Source == measure.FromDatabase:
		l.Routine(lab.MarkOK, "cacheaside.event.loaded", a.Name, took)
	}
}

// failure writes what failed and why. A visitor over the network does not see
// the cause, which may name addresses of the machine.
func (l eventLog) failure(key string, id int, err error) {
	if l.guest {
		l.Routine(lab.MarkFail, key, id)
		return
	}
	l.Routine(lab.MarkFail, key+"-cause", id, err.Error())
}

// invalidationLost writes that a copy could not be brought in line with a change.
func (l eventLog) invalidationLost(id int, err error) {
	l.failure("cacheaside.event.invalidation-lost", id, err)
}

// Money writes a price for people: without cents that are 0, as the course does.
func Money(v float64) string {
	if v == math.Trunc(v) {
		return "$" + strconv.FormatFloat(v, 'f', 0, 64)
	}
	return "$" + strconv.FormatFloat(v, 'f', 2, 64)
}

// rounded returns a latency with the digits that a person reads.
func rounded(d time.Duration) time.Duration {
	if d >= 10*time.Millisecond {
		return d.Round(time.Millisecond)
	}
	return d.Round(10 * time.Microsecond)
}

// copyEnded writes that a copy on the screen has ended.
func (l eventLog) copyEnded(id int, life measure.Life, announced bool) {
	key := "cacheaside.event.expired"
	switch {
	case life == measure.Deleted:
		key = "cacheaside.event.deleted"
	case announced:
		key = "cacheaside.event.expired-announced"
	}
	l.Routine(lab.MarkWait, key, "product:"+strconv.Itoa(id))
}
