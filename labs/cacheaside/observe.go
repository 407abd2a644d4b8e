package cacheaside

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"resilab/labs/cacheaside/catalog"
	"resilab/labs/cacheaside/measure"
	"resilab/labs/cacheaside/service"
	"resilab/labs/lab"
)

// launchRead starts a read that was due at a moment.
func (r *run) launchRead(id int, due time.Time) {
	refuse := func() {
		r.counters.Reads.All.Add(1)
		r.counters.Reads.Failures.Add(1)
	}
	r.launch(refuse, func(ctx context.Context) { _, _ = r.read(ctx, id, due, false) })
}

// launch starts an operation, unless too many are in flight.
func (r *run) launch(refuse func(), do func(context.Context)) {
	if r.inFlight.Add(1) > r.mostInFlight() {
		r.inFlight.Add(-1)
		refuse()
		return
	}
	r.base.Clock.Count()
	r.Go(func(ctx context.Context) {
		defer r.inFlight.Add(-1)
		do(ctx)
	})
}

// mostInFlight is how many operations may wait at the same time.
func (r *run) mostInFlight() int64 {
	if r.base.Env.Guest {
		return guestInFlight
	}
	return inFlightMax
}

// read reads a product, and measures the answer.
func (r *run) read(ctx context.Context, id int, due time.Time, overHTTP bool) (service.Answer, error) {
	product := r.products.Of(id)
	start := product.Begin()
	began := r.base.Clock.Now()
	a, err := r.service.Read(ctx, id, began)
	now := r.base.Clock.Now()
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
	r.answers.Add(shown, now)
	r.base.Changed()
	r.log.answer(shown, a, err)
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
			c.Expiry.HardMisses.Add(1) // the copy had ended, and a reader had to wait
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
func (r *run) launchWrite(id int, price float64) {
	refuse := func() { r.counters.Writes.Failures.Add(1) }
	r.launch(refuse, func(ctx context.Context) { _, _ = r.write(ctx, id, price) })
}

// write changes a price, and measures the outcome.
func (r *run) write(ctx context.Context, id int, price float64) (catalog.Product, error) {
	ctx, cancel := r.base.Clock.WithTimeout(ctx, r.cfg.service.Timeout)
	defer cancel()
	p, err := r.service.Write(ctx, id, price)
	if r.Context().Err() != nil {
		return p, err
	}
	switch {
	case err == nil:
		r.counters.Writes.Done.Add(1)
		r.log.Routine(lab.MarkSent, "cacheaside.event.price", p.Name, Money(p.Price))
	case !errors.Is(err, catalog.ErrNotFound):
		r.counters.Writes.Failures.Add(1)
		r.log.failure("cacheaside.event.write-failed", id, err)
	}
	r.base.Changed()
	return p, err
}

// launchLate lets a product enter the catalogue, or the one leave that did.
func (r *run) launchLate(id int) {
	r.launch(func() {}, func(ctx context.Context) {
		if old := r.late.Present(); old != 0 {
			r.late.Enter(0, r.base.Clock.Now())
			if r.db.Remove(ctx, old) == nil {
				_ = r.service.Drop(ctx, old)
			}
			return
		}
		if r.db.Insert(ctx, id, "Product "+strconv.Itoa(id), 9.99) == nil {
			r.late.Enter(id, r.base.Clock.Now())
			r.log.Routine(lab.MarkSent, "cacheaside.event.late-product", id)
		}
	})
}

// announced records that the server announced a key that expired.
func (r *run) announced(key string) {
	id, err := strconv.Atoi(strings.TrimPrefix(key, r.service.Prefix+"product:"))
	now := r.base.Clock.Now()
	if err != nil {
		return
	}
	p := r.products.Of(id)
	late, read, ok := p.Late(now)
	if p.Announced(now) && id <= shown {
		r.log.copyEnded(id, measure.Expired, true)
	}
	r.base.Changed()
	r.counters.Expiry.Events.Add(1)
	if ok && read {
		r.counters.Latency.LateRead.Add(late)
	} else if ok {
		r.counters.Latency.LateUntouched.Add(late)
	}
}
