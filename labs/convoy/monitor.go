package convoy

import (
	"context"
	"time"

	"resilab/labs/lab"
)

// monitorEvery is how often the monitor looks, in real time.
const monitorEvery = 100 * time.Millisecond

// monitor brings the incident of the settings about, and finds loss.
func (r *run) monitor(ctx context.Context) {
	tick := time.NewTicker(monitorEvery)
	defer tick.Stop()
	incident := r.cfg.Text("incident")
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if incident != noIncident && r.watch.Elapsed() >= r.cfg.Duration("incident-at") {
			r.bringAbout(ctx, incident)
			incident = noIncident
		}
		r.look()
		r.findLoss(ctx)
		if r.tracker.UnderWay() > 0 {
			r.Changed() // the age of the broker's last word grows
		}
	}
}

func (r *run) bringAbout(ctx context.Context, incident string) {
	if err := r.do(ctx, incident); err != nil && ctx.Err() == nil {
		r.Log.Add(lab.MarkFail, "convoy.event.incident_failed", err.Error())
	}
}

// findLoss gives up the confirmed orders that cannot come any more: later orders
// of their lanes came, or the broker holds nothing for lanes where nothing moves.
func (r *run) findLoss(ctx context.Context) {
	if r.away() {
		return
	}
	lost := r.tracker.LoseSkipped()
	for _, l := range r.tracker.Still() {
		if n, err := r.transport.Waiting(ctx, l); err == nil && n == 0 {
			lost += r.tracker.LoseIn(l)
		}
	}
	if r.tracker.Unplaced() && r.tracker.Quiet() && r.allEmpty(ctx) {
		lost += r.tracker.LoseUnplaced()
	}
	if lost > 0 {
		r.Log.Add(lab.MarkFail, "convoy.event.lost", lost)
		r.Changed()
	}
}

// allEmpty reports whether the broker holds nothing that waits in any lane.
func (r *run) allEmpty(ctx context.Context) bool {
	for _, l := range r.lanes.All() {
		if n, err := r.transport.Waiting(ctx, l.Lane); err != nil || n > 0 {
			return false
		}
	}
	return true
}
