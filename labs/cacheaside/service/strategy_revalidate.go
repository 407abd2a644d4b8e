package service

import "context"

// revalidate serves a copy beyond its soft TTL and refreshes it behind the answer,
// once at a time for each instance (stale-while-revalidate).
type revalidate struct{ singleFlight }

func (r revalidate) FromRead() bool { return true }

func (r revalidate) Hit(q *query, e Entry) (overdue bool) {
	overdue = q.asked.Sub(e.LoadedAt()) > r.s.cfg.SoftTTL
	if !overdue {
		return false
	}
	if _, busy := q.inst.refreshing.LoadOrStore(q.id, true); busy {
		return true
	}
	r.s.Go(func(ctx context.Context) {
		defer q.inst.refreshing.Delete(q.id)
		r.s.refresh(ctx, q)
	})
	return true
}
