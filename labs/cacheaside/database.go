package cacheaside

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"resilab/labs/cacheaside/catalog"
)

// database is the catalogue as the service meets it: with the latency, the
// connections and the outages that a database across a network has. SQLite
// itself answers in microseconds.
type database struct {
	db *catalog.DB
	// down is since when it refuses queries, Unix ns; 0: it does not.
	down atomic.Int64
}

// fail begins an outage, or ends it.
func (d *database) fail(down bool) {
	switch {
	case !down:
		d.down.Store(0)
	case d.down.Load() == 0:
		d.down.Store(time.Now().UnixNano())
	}
}

// outage tells whether there is one, and since when.
func (d *database) outage() (since time.Time, down bool) {
	at := d.down.Load()
	return time.Unix(0, at), at != 0
}

var errDatabaseDown = errors.New("the database refuses connections")

// find looks a product up for somebody who was admitted, and tells when the row was read. That is in the
// middle of the latency, so that an answer can be overtaken by a change on its
// way back, as in life.
func (d *database) find(ctx context.Context, r *run, id int) (p catalog.Product, readAt time.Time, err error) {
	err = d.session(ctx, r, func(latency time.Duration) error {
		if err := wait(ctx, latency/2); err != nil {
			return err
		}
		// Before the row is read, so that a copy is never younger than it says.
		readAt = time.Now()
		// SQLite needs microseconds: it is not worth being interrupted.
		p, err = d.db.Find(context.WithoutCancel(ctx), id)
		return errors.Join(err, wait(ctx, latency-latency/2))
	})
	return p, readAt, err
}

// setPrice changes a price, which takes longer than reading: locks are waited
// for and disks written. It is committed at the end of that time, and known to
// the judge in the same moment.
func (d *database) setPrice(ctx context.Context, r *run, id int, price float64) (p catalog.Product, err error) {
	if !r.meter.admit(r.cfg.dbLimit) {
		return catalog.Product{}, errShed
	}
	defer r.meter.leave()
	err = d.session(ctx, r, func(time.Duration) error {
		if err := wait(ctx, r.cfg.writeTime); err != nil {
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

// session runs one statement on a connection of its own: where all are taken
// it queues, for as long as its caller has patience.
func (d *database) session(ctx context.Context, r *run, do func(latency time.Duration) error) error {
	r.meter.queries.Add(1)
	if d.down.Load() != 0 {
		return errDatabaseDown
	}
	if r.slots != nil {
		select {
		case r.slots <- struct{}{}:
			defer func() { <-r.slots }()
		case <-ctx.Done():
			return fmt.Errorf("waiting for a connection to the database: %w", ctx.Err())
		}
	}
	return do(r.dbLatency())
}

// dbLatency draws the latency of one statement; its mean is the knob's.
func (r *run) dbLatency() time.Duration {
	mean := r.cfg.dbLatency
	switch r.cfg.dbSpread {
	case spreadUniform: // from half to one and a half
		return time.Duration(float64(mean) * (0.5 + r.draw()))
	case spreadExponential:
		return time.Duration(float64(mean) * -math.Log(1-r.draw()))
	}
	return mean
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
