package retry

import (
	"time"

	"resilab/labs/lab"
)

// stopwatch measures a run, pauses left out.
type stopwatch struct {
	before time.Duration
	since  time.Time
	halted bool
}

func (w *stopwatch) restart(now time.Time) { w.before, w.since = 0, now }

func (w *stopwatch) pause(now time.Time) {
	if !w.halted {
		w.before, w.halted = w.elapsed(now), true
	}
}

func (w *stopwatch) resume(now time.Time) {
	if w.halted {
		w.since, w.halted = now, false
	}
}

func (w *stopwatch) elapsed(now time.Time) time.Duration {
	if w.halted {
		return w.before
	}
	return w.before + now.Sub(w.since)
}

// Snapshot returns the present state.
func (l *Lab) Snapshot() *lab.Snapshot {
	l.mu.Lock()
	r, elapsed, troubles, notes := l.run, l.watch.elapsed(l.env.Clock.Now()), l.troubles(), l.notes()
	l.mu.Unlock()
	if r == nil {
		return &lab.Snapshot{}
	}
	guards := r.guards()
	inFlight := int(r.inFlight.Load()) + guards.Waiting
	if inFlight > 0 {
		l.changed() // attempts and waits under way grow as time passes
	}
	events, total := l.log.Last(logShown)
	return &lab.Snapshot{
		Rev: l.rev.Load(), Elapsed: elapsed, InFlight: inFlight,
		Metrics: r.metrics(), Events: events, EventTotal: total,
		Troubles: troubles, Notes: notes, Detail: l.detail(r, guards),
	}
}

// troubles are present faults that nobody asked for; l.mu is held.
func (l *Lab) troubles() []lab.Trouble {
	var found []lab.Trouble
	if l.run != nil && l.run.url != "" && !l.awaySince.IsZero() {
		found = append(found, lab.Trouble{Key: "retry.trouble.gateway", Args: []any{l.run.url}, Since: l.awaySince})
	}
	return found
}

// notes tell where the gateway can be called by hand; l.mu is held.
func (l *Lab) notes() []lab.Note {
	var notes []lab.Note
	if l.limited {
		notes = append(notes, lab.Note{Key: "retry.note.limit", Args: []any{guestRate, guestClients}})
	}
	if l.run != nil && !l.env.Guest {
		notes = append(notes, lab.Note{Key: "retry.note.gateway", Args: []any{l.run.client.url}})
	}
	return notes
}

// shownRanges is how many waits of the policy the picture has room for.
const shownRanges = 8

func (l *Lab) detail(r *run, guards Guards) *Detail {
	now := l.sinceStart()
	d := &Detail{
		Now: now, Scenario: r.scenario, OneIn: r.oneIn(),
		known: l.crowds.all(), URL: r.client.url, Down: r.url == "" && l.gateway.Down(), Guards: guards,
	}
	d.Fleet = r.crowd.Load()
	if n := len(d.known); d.Fleet == nil && n > 0 {
		d.Fleet = d.known[n-1].crowd // the new one is being made
	}
	d.Ops, d.Horizon = l.recorder.latest(now)
	for n := range r.policy.Retries {
		lo, hi := r.policy.Range(n)
		if n < shownRanges {
			d.Ranges = append(d.Ranges, Range{lo, hi})
		}
		d.Patience += hi
	}
	return d
}
