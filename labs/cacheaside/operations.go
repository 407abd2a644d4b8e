package cacheaside

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"resilab/labs/cacheaside/catalog"
	"resilab/labs/lab"
)

// launchRead lets a read happen that was due at a moment. It does not wait.
func (l *engine) launchRead(r *run, id int, due time.Time) {
	l.launch(func() { _, _ = l.observeRead(l.ctx, r, id, due, false) }, func() {
		r.meter.reads.Add(1)
		r.meter.failures.Add(1)
	})
}

// launch runs an operation, unless too many are in flight.
func (l *engine) launch(do, refuse func()) {
	if l.inFlight.Add(1) > inFlightMax {
		l.inFlight.Add(-1)
		refuse()
		return
	}
	l.task(func() {
		defer l.inFlight.Add(-1)
		do()
	})
}

// balance is the load balancer: it hands reads to the instances in turn.
func (l *engine) balance(r *run) *instance {
	return r.instances[l.turn.Add(1)%uint64(len(r.instances))]
}

// observeRead reads, and tells judge, meter and ticker.
func (l *engine) observeRead(ctx context.Context, r *run, id int, due time.Time, overHTTP bool) (answer, error) {
	truth := r.judge.of(id)
	w := truth.witness()
	began := time.Now()
	a, err := l.svc.read(ctx, r, l.balance(r), id, began)
	now := time.Now()
	if l.ctx.Err() != nil {
		return a, err // the lab is stopping: this says nothing about the service
	}
	shown := Answer{ID: id, Source: a.source, Status: status(err), Took: now.Sub(began), HTTP: overHTTP, Overdue: a.overdue}
	r.meter.readsRate.add(now)
	r.meter.all.add(now.Sub(due))
	switch shown.Status {
	case http.StatusOK:
		r.count(a, w, shown.Took, now)
		shown.Stale = r.sentence(truth, w, a, now)
	case http.StatusNotFound:
		r.meter.unknownReads.Add(1)
		r.newcomer.denied(id, began)
	default:
		shown.Source = ""
		r.meter.failures.Add(1)
	}
	r.meter.reads.Add(1)
	l.ticker.add(shown, now)
	l.changed()
	l.voice.answer(shown, a)
	return a, err
}

// count counts a read that was answered.
func (r *run) count(a answer, w witness, took time.Duration, now time.Time) {
	m := r.meter
	if a.source == FromCopy {
		m.staleCopies.Add(1)
	}
	if a.source == FromDatabase || a.missed {
		m.misses.Add(1)
		m.miss.add(took)
		if w.known {
			m.hardMisses.Add(1) // the copy was gone, and somebody had to wait
		}
	} else {
		m.hits.Add(1)
		m.hitsRate.add(now)
		m.hit.add(took)
	}
	if a.source != FromDatabase {
		raiseTo(&m.maxAge, int64(now.Sub(a.loadedAt())))
	}
}

// sentence holds an answer against the truth and tells whether it is stale.
func (r *run) sentence(t *truth, w witness, a answer, now time.Time) bool {
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

// launchWrite lets a price change happen. It does not wait; its outcome shows
// in the counters and in the log.
func (l *engine) launchWrite(r *run, id int, price float64) {
	l.launch(func() { _, _ = l.observeWrite(l.ctx, r, id, price) }, func() {})
}

// launchNewcomer lets a product enter the catalogue, or the one leave that did.
func (l *engine) launchNewcomer(r *run, id int) {
	l.launch(func() {
		if old := r.newcomer.present(); old != 0 {
			r.newcomer.enters(0, time.Now())
			if l.db.Remove(l.ctx, old) == nil {
				_ = l.svc.drop(l.ctx, r, old)
			}
			return
		}
		if l.db.Insert(l.ctx, id, "Product "+strconv.Itoa(id), 9.99) == nil {
			r.newcomer.enters(id, time.Now())
			l.voice.say(lab.MarkSent, "cacheaside.event.newcomer", id)
		}
	}, func() {})
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
	case "redis-down":
		l.wire.set(faultDown)
		return nil
	case "redis-up":
		l.wire.set(faultNone)
		return nil
	case "db-down":
		l.svc.db.fail(true)
		l.log.Add(lab.MarkFault, "cacheaside.event.db-down")
		return nil
	case "db-up":
		l.svc.db.fail(false)
		l.log.Add(lab.MarkRecovered, "cacheaside.event.db-up")
		return nil
	case "flush":
		n, err := l.redis().DeletePrefix(ctx, l.svc.prefix)
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
		there, err := l.redis().Expire(ctx, key, time.Millisecond)
		if there {
			l.watch.shortened(key, time.Now())
		}
		if err != nil || there {
			return err
		}
	}
	return nil
}
