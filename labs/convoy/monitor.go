package convoy

import (
	"context"
	"time"

	"resilab/labs/convoy/transport"
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
