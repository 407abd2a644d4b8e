package cacheaside

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"resilab/labs/cacheaside/catalog"
	"resilab/labs/cacheaside/measure"
	"resilab/labs/cacheaside/service"
	"resilab/labs/lab"
)

// launchRead starts a read that was due at a moment.
func (l *engine) launchRead(r *run, id int, due time.Time) {
	refuse := func() {
		r.counters.Reads.All.Add(1)
		r.counters.Reads.Failures.Add(1)
	}
	l.launch(r, refuse, func(ctx context.Context) { _, _ = l.read(ctx, r, id, due, false) })
}

// launch starts an operation, unless too many are in flight.
func (l *engine) launch(r *run, refuse func(), do func(context.Context)) {
	if r.inFlight.Add(1) > inFlightMax {
		r.inFlight.Add(-1)
		refuse()
		return
	}
	r.Go(func(ctx context.Context) {
		defer r.inFlight.Add(-1)
		do(ctx)
	})
}

// read reads a product, and measures the answer.
func (l *engine) read(ctx context.Context, r *run, id int, due time.Time, overHTTP bool) (service.Answer, error) {
	product := r.products.Of(id)
	start := product.Begin()
	began := l.Clock.Now()
	a, err := r.service.Read(ctx, id, began)
	now := l.Clock.Now()
	if r.Context().Err() != nil {
		return a, err // the run is ending: this says nothing about the service
	}
	shown := measure.Answer{ID: id, Source: a.Source, Status: status(err), Took: now.Sub(began), HTTP: overHTTP, Overdue: a.Overdue}
	r.counters.Latency.All.Add(now.Sub(due))
	switch shown.Status {
	case http.StatusOK:
		r.count(a, start, shown.Took, now)
		shown.Stale = r.counters.CheckStale(product, start, a.Version, now)
	case http.StatusNotFound:
		r.counters.Reads.Arrived(now, false)
		r.counters.Reads.Unknown.Add(1)
		r.late.Denied(id, began)
	default:
		shown.Source = ""
		r.counters.Reads.Arrived(now, false)
		r.counters.Reads.Failures.Add(1)
	}
	r.counters.Reads.All.Add(1)
	l.answers.Add(shown, now)
	l.Changed()
	l.logAnswer(shown, a, err)
	return a, err
}

// count counts a read that was answered.
func (r *run) count(a service.Answer, start measure.ReadStart, took time.Duration, now time.Time) {
	c := r.counters
	hit := a.Source != measure.FromDatabase && !a.Missed
	c.Reads.Arrived(now, hit)
	if a.Source == measure.FromCopy {
		c.Reads.LocalCopies.Add(1)
	}
	if hit {
		c.Reads.Hits.Add(1)
		c.Latency.Hit.Add(took)
	} else {
		c.Reads.Misses.Add(1)
		c.Latency.Miss.Add(took)
		if start.HadCopy() {
			c.Expiry.HardMisses.Add(1) // the copy was gone, and a reader had to wait
		}
	}
	if a.Source != measure.FromDatabase {
		c.Stale.CopyAge(now.Sub(a.LoadedAt()))
	}
}

// status returns the HTTP status of an outcome.
func status(err error) int {
	switch {
	case err == nil:
		return http.StatusOK
	case errors.Is(err, catalog.ErrNotFound):
		return http.StatusNotFound
	}
	return http.StatusInternalServerError
}

// launchWrite starts a change of a price.
func (l *engine) launchWrite(r *run, id int, price float64) {
	refuse := func() { r.counters.Writes.Failures.Add(1) }
	l.launch(r, refuse, func(ctx context.Context) { _, _ = l.write(ctx, r, id, price) })
}

// write changes a price, and measures the outcome.
func (l *engine) write(ctx context.Context, r *run, id int, price float64) (catalog.Product, error) {
	ctx, cancel := l.Clock.WithTimeout(ctx, r.cfg.service.Timeout)
	defer cancel()
	p, err := r.service.Write(ctx, id, price)
	if r.Context().Err() != nil {
		return p, err
	}
	switch {
	case err == nil:
		r.counters.Writes.Done.Add(1)
		l.Log.Routine(lab.MarkSent, "cacheaside.event.price", p.Name, Money(p.Price))
	case !errors.Is(err, catalog.ErrNotFound):
		r.counters.Writes.Failures.Add(1)
		l.logFailure("cacheaside.event.write-failed", id, err)
	}
	l.Changed()
	return p, err
}

// launchLate lets a product enter the catalogue, or the one leave that did.
func (l *engine) launchLate(r *run, id int) {
	l.launch(r, func() {}, func(ctx context.Context) {
		if old := r.late.Present(); old != 0 {
			r.late.Enter(0, l.Clock.Now())
			if l.db.Remove(ctx, old) == nil {
				_ = r.service.Drop(ctx, old)
			}
			return
		}
		if l.db.Insert(ctx, id, "Product "+strconv.Itoa(id), 9.99) == nil {
			r.late.Enter(id, l.Clock.Now())
			l.Log.Routine(lab.MarkSent, "cacheaside.event.late-product", id)
		}
	})
}
