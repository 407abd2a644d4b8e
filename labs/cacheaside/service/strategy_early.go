package service

import (
	"context"
	"math"
	"time"
)

// early refreshes a copy behind the answer before it expires, with a chance that
// grows towards its end.
type early struct{ everyReader }

func (e early) Hit(q *query, found Entry) bool {
	if found.dueEarly(q.asked, e.s.cfg.Beta, e.s.Draw()) {
		e.s.Go(func(ctx context.Context) { e.s.refresh(ctx, q) })
	}
	return false
}

// dueEarly decides by chance whether a reader refreshes a copy that is still
// alive: the nearer its end and the longer a reader waits for a load, the likelier.
// XFetch: refresh when now − δ·β·ln(u) ≥ expiry, where δ is the cost of a load and
// u is uniform in (0,1]; β = 1 is the optimum, more is earlier.
//
// A. Vattani, F. Chierichetti, K. Lowenstein: Optimal Probabilistic Cache
// Stampede Prevention. Proceedings of the VLDB Endowment 8(8), 2015.
func (e Entry) dueEarly(now time.Time, beta, u float64) bool {
	lead := -e.Cost * beta * math.Log(1-u) // ms
	return float64(now.UnixMilli())+lead >= float64(e.Expires)
}
