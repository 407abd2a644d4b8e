package cacheaside

import (
	"context"
	"time"

	"resilab/labs/cacheaside/catalog"
)

// database is the catalogue as the service meets it: with the latency that a
// database across a network has. SQLite itself answers in microseconds.
type database struct {
	db *catalog.DB
}

// find looks a product up. The row is read in the middle of the latency, so
// that an answer can be overtaken by a change on its way back, as in life.
func (d *database) find(ctx context.Context, r *run, id int) (p catalog.Product, err error) {
	err = d.session(ctx, r, func(latency time.Duration) error {
		if err := wait(ctx, latency/2); err != nil {
			return err
		}
		// SQLite needs microseconds: it is not worth being interrupted.
		p, err = d.db.Find(context.WithoutCancel(ctx), id)
		if err != nil {
			return err
		}
		return wait(ctx, latency-latency/2)
	})
	return p, err
}

// setPrice changes a price. It is committed at the end of the latency, and
// known to the judge in the same moment.
func (d *database) setPrice(ctx context.Context, r *run, id int, price float64) (p catalog.Product, err error) {
	err = d.session(ctx, r, func(latency time.Duration) error {
		if err := wait(ctx, latency); err != nil {
			return err
		}
		p, err = d.db.SetPrice(context.WithoutCancel(ctx), id, price)
		if err == nil {
			r.judge.of(id).committed(p, time.Now())
		}
		return err
	})
	return p, err
}

// session runs one statement with its share of latency.
func (d *database) session(ctx context.Context, r *run, do func(latency time.Duration) error) error {
	m := r.meter
	m.queries.Add(1)
	raiseTo(&m.inFlightHi, m.inFlight.Add(1))
	defer m.inFlight.Add(-1)
	return do(r.cfg.dbLatency)
}

// wait sleeps for d, or until ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
