package cacheaside

import (
	"context"
	"errors"
	"net/http"
	"time"

	"resilab/labs/cacheaside/catalog"
	"resilab/labs/lab"
)

// launchRead lets a read happen that was due at a moment. It does not wait.
func (l *engine) launchRead(r *run, id int, due time.Time) {
	if l.inFlight.Load() >= inFlightMax {
		r.meter.reads.Add(1)
		r.meter.failures.Add(1)
		return
	}
	l.inFlight.Add(1)
	l.tasks.Go(func() {
		defer l.inFlight.Add(-1)
		l.observeRead(l.ctx, r, id, due, false)
	})
}

// observeRead reads, and tells judge, meter and ticker.
func (l *engine) observeRead(ctx context.Context, r *run, id int, due time.Time, overHTTP bool) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.timeout)
	defer cancel()
	truth := r.judge.of(id)
	w := truth.witness()
	began := time.Now()
	a, err := l.svc.read(ctx, r, id)
	now := time.Now()
	if l.ctx.Err() != nil {
		return a, err // the lab is stopping: this says nothing about the service
	}
	shown := Answer{ID: id, Source: a.source, Status: status(err), Took: now.Sub(began), HTTP: overHTTP}
	m := r.meter
	m.reads.Add(1)
	m.readsRate.add(now)
	m.all.add(now.Sub(due))
	switch {
	case err != nil:
		shown.Source = ""
		if shown.Status == http.StatusInternalServerError {
			m.failures.Add(1)
		}
	case a.source == FromCache:
		m.hits.Add(1)
		m.hitsRate.add(now)
		m.hit.add(shown.Took)
		raiseTo(&m.maxAge, int64(now.Sub(a.loadedAt())))
	default:
		m.misses.Add(1)
		m.miss.add(shown.Took)
	}
	if err == nil {
		shown.Stale = l.judge(r, truth, w, a, now)
	}
	l.ticker.add(shown, now)
	l.changed()
	l.voice.answer(shown, a)
	return a, err
}

// judge holds an answer against the truth and tells whether it is stale.
func (l *engine) judge(r *run, t *truth, w witness, a answer, now time.Time) bool {
	v := t.judge(w, a.Version, now)
	if v.stale {
		r.meter.stale.Add(1)
		raiseTo(&r.meter.staleAge, int64(v.age))
	}
	if v.inverted {
		r.meter.inversions.Add(1)
	}
	return v.stale
}

// status is what HTTP says about an outcome.
func status(err error) int {
	switch {
	case err == nil:
		return http.StatusOK
	case errors.Is(err, catalog.ErrNotFound):
		return http.StatusNotFound
	}
	return http.StatusInternalServerError
}

// launchWrite lets a price change happen. It does not wait.
func (l *engine) launchWrite(r *run, id int, price float64) {
	if l.inFlight.Load() >= inFlightMax {
		return
	}
	l.inFlight.Add(1)
	l.tasks.Go(func() {
		defer l.inFlight.Add(-1)
		// Its outcome shows in the counters and in the log.
		_, _ = l.observeWrite(l.ctx, r, id, price)
	})
}

// observeWrite changes a price, and tells meter and log.
func (l *engine) observeWrite(ctx context.Context, r *run, id int, price float64) (catalog.Product, error) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.timeout)
	defer cancel()
	p, err := l.svc.write(ctx, r, id, price)
	if l.ctx.Err() != nil {
		return p, err
	}
	if err == nil {
		r.meter.writes.Add(1)
		l.voice.say(lab.MarkSent, "cacheaside.event.price", p.Name, p.Price)
	}
	l.changed()
	return p, err
}

// Do performs an action.
func (l *engine) Do(ctx context.Context, action string) error {
	l.life.Lock()
	defer l.life.Unlock()
	r := l.run.Load()
	if l.stopped || r == nil {
		return errors.New("the lab is not running")
	}
	defer l.changed()
	switch action {
	case "expire":
		return l.expireNow(ctx)
	case "price":
		p, err := l.db.Find(ctx, 1)
		if err != nil {
			return err
		}
		_, err = l.observeWrite(ctx, r, 1, float64(int(p.Price)+10))
		return err
	case "flush":
		n, err := l.client.DeletePrefix(ctx, l.svc.prefix)
		if err != nil {
			return err
		}
		l.log.Add(lab.MarkInfo, "cacheaside.event.flushed", n)
		return nil
	}
	return errors.New("the lab has no action " + action)
}

// expireNow lets the most popular copy that is there run out at once.
func (l *engine) expireNow(ctx context.Context) error {
	for _, key := range l.shownKeys(l.run.Load().cfg) {
		there, err := l.client.Expire(ctx, key, time.Millisecond)
		if err != nil || there {
			return err
		}
	}
	return nil
}
