package convoy

import (
	"context"
	"time"

	"resilab/labs/convoy/transport"
	"resilab/labs/kit"
	"resilab/labs/lab"
)

// monitorEvery is how often the monitor looks, in real time.
const monitorEvery = 100 * time.Millisecond

// monitor brings the incident of the settings about, and finds loss.
func (r *run) monitor(ctx context.Context) {
	incident, tries := r.cfg.Text("incident"), incidentTries
	kit.Every(ctx, monitorEvery, func() {
		if r.Awake(ctx) != nil {
			return
		}
		if incident != noIncident && r.due(incident, r.cfg.Duration("incident-at")) {
			if tries--; r.bringAbout(ctx, incident) || tries == 0 {
				incident = noIncident
			}
		}
		r.look()
		r.findLoss(ctx)
		if r.tracker.UnderWay() > 0 {
			r.Changed() // the age of the broker's last word grows
		}
	})
}

// latestIncident is how many times later than set a change of the lanes happens
// where few users were seen by then.
const latestIncident = 5

// due reports whether an incident happens now. Under load the first orders may be
// handled after the moment that is set: a change of the lanes could then not be
// compared with the time before it, so it waits until most users were seen.
func (r *run) due(incident string, at time.Duration) bool {
	now := r.watch.Elapsed()
	switch incident {
	case addLane, removeLast, removeFirst:
		return now >= at && (r.book.Seen() >= 0.9 || now >= latestIncident*at)
	}
	return now >= at
}

// incidentTries is how often an incident that fails is tried: a broker under load
// may be late once.
const incidentTries = 3

// bringAbout lets an incident happen and reports whether it did.
func (r *run) bringAbout(ctx context.Context, incident string) bool {
	err := r.do(ctx, incident)
	if err != nil && ctx.Err() == nil {
		r.Log.Add(lab.MarkFail, "convoy.event.incident_failed", err.Error())
	}
	return err == nil
}

// findLoss gives up the orders that are lost.
func (r *run) findLoss(ctx context.Context) {
	if r.away() {
		return
	}
	var lanes []transport.Lane
	for _, l := range r.lanes.All() {
		lanes = append(lanes, l.Lane)
	}
	lost := r.tracker.FindLost(lanes, func(l transport.Lane) (int, error) { return r.transport.Waiting(ctx, l) })
	if lost > 0 {
		r.Log.Add(lab.MarkFail, "convoy.event.lost", lost)
		r.Changed()
	}
}
