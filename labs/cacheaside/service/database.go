package service

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"resilab/labs/cacheaside/catalog"
	"resilab/labs/cacheaside/measure"
	"resilab/labs/clock"
)

// Outage is whether the database refuses queries. It outlives a run. The zero
// value is none.
type Outage struct {
	since atomic.Pointer[time.Time]
}

// Set begins an outage, or ends it.
func (o *Outage) Set(down bool, now time.Time) {
	if !down {
		o.since.Store(nil)
		return
	}
	o.since.CompareAndSwap(nil, &now)
}

// Since returns when the outage began; false means that there is none.
func (o *Outage) Since() (since time.Time, down bool) {
	if at := o.since.Load(); at != nil {
		return *at, true
	}
	return time.Time{}, false
}

// database is the catalogue as the service sees it: with the latency, the
// connections and the outages of a database across a network. SQLite itself
// answers in microseconds.
type database struct {
	cfg      DatabaseConfig
	clock    *clock.Clock
	catalog  *catalog.DB
	outage   *Outage
	counters *measure.Counters
	products *measure.Products
	draw     func() float64
	slots    chan struct{} // nil: no limit
}

func newDatabase(cfg DatabaseConfig, d Deps) *database {
	db := &database{cfg: cfg, clock: d.Clock, catalog: d.Catalog, outage: d.Outage, counters: d.Counters, products: d.Products, draw: d.Draw}
	if cfg.Conns > 0 {
		db.slots = make(chan struct{}, cfg.Conns)
	}
	return db
}

var (
	errDatabaseDown = errors.New("the database refuses connections")
	// errShed is returned where the service keeps a query away from the database.
	errShed = errors.New("the database has as many queries as the service allows")
)

// find looks a product up for a reader that was admitted, and returns when the
// row was read. That is in the middle of the latency, so that an answer can be
// overtaken by a change on its way back.
func (d *database) find(ctx context.Context, id int) (p catalog.Product, readAt time.Time, err error) {
	err = d.session(ctx, func(latency time.Duration) error {
		if err := d.clock.Sleep(ctx, latency/2); err != nil {
			return err
		}
		// Before the row is read, so that a copy is never younger than it says.
		readAt = d.clock.Now()
		p, err = unlocked(ctx, func() (catalog.Product, error) { return d.catalog.Find(context.WithoutCancel(ctx), id) })
		if err != nil && !errors.Is(err, catalog.ErrNotFound) {
			return err
		}
		return errors.Join(err, d.clock.Sleep(ctx, latency-latency/2))
	})
	return p, readAt, err
}

// setPrice changes a price, which takes longer than reading: locks and disks. It
// is committed at the end of that time, and recorded in the same moment.
func (d *database) setPrice(ctx context.Context, id int, price float64) (p catalog.Product, err error) {
	err = d.session(ctx, func(time.Duration) error {
		if err := d.clock.Sleep(ctx, d.cfg.WriteTime); err != nil {
			return err
		}
		p, err = unlocked(ctx, func() (catalog.Product, error) { return d.catalog.SetPrice(context.WithoutCancel(ctx), id, price) })
		if err == nil {
			d.products.Of(id).Committed(p, d.clock.Now())
		}
		return err
	})
	return p, err
}

// unlocked repeats a statement while another program holds a lock on the file,
// until ctx ends.
func unlocked(ctx context.Context, do func() (catalog.Product, error)) (catalog.Product, error) {
	for {
		p, err := do()
		if !errors.Is(err, catalog.ErrBusy) || ctx.Err() != nil {
			return p, err
		}
	}
}

// session runs one statement on one connection: where all are taken it queues,
// until ctx ends.
func (d *database) session(ctx context.Context, do func(latency time.Duration) error) error {
	d.counters.Database.Queries.Add(1)
	if _, down := d.outage.Since(); down {
		return errDatabaseDown
	}
	if d.slots != nil {
		select {
		case d.slots <- struct{}{}:
			defer func() { <-d.slots }()
		case <-ctx.Done():
			return fmt.Errorf("waiting for a connection to the database: %w", ctx.Err())
		}
	}
	return do(d.latency())
}

// latency draws the latency of one statement; its mean is the setting's.
func (d *database) latency() time.Duration {
	mean := d.cfg.Latency
	switch d.cfg.Spread {
	case SpreadUniform: // from half to one and a half
		return time.Duration(float64(mean) * (0.5 + d.draw()))
	case SpreadExponential:
		return time.Duration(float64(mean) * -math.Log(1-d.draw()))
	}
	return mean
}
