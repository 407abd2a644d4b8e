package cacheaside

import (
	"context"
	"slices"
	"sync"
	"time"

	"resilab/brokers/redis"
)

const (
	// shown is how many products are watched, the most popular ones.
	shown = 12
	// While somebody looks and a copy is alive, TTLs are asked for this often;
	// else rarely, to notice what others do to Redis.
	lookPace, idlePace = 100 * time.Millisecond, time.Second
	// lookPatience is how long after the last snapshot somebody still looks.
	lookPatience = time.Second
)

// ttlSource is what the watch needs of Redis.
type ttlSource interface {
	PTTLs(ctx context.Context, keys []string, left []time.Duration) error
}

// watch follows the copies of the products on the screen: it asks Redis for
// the time that each has left, all of them in one round trip.
type watch struct {
	source func() ttlSource
	told   func(error)
	gone   func(id int, life Life, announced bool)
	change func()

	mu      sync.Mutex
	copies  []copyState // of product 1, 2 …
	keys    []string
	looked  time.Time
	unknown bool
	wake    chan struct{}
}

// copyState is what is known of one copy.
type copyState struct {
	life      Life
	ends      time.Time     // while Alive
	full      time.Duration // while Alive
	goneAt    time.Time
	announced bool
	deleted   time.Time // when the lab last deleted it
}

func newWatch(source func() ttlSource) *watch {
	return &watch{source: source, wake: make(chan struct{}, 1)}
}

// follow begins anew with the given keys, of product 1, 2 …
func (w *watch) follow(keys []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(keys) != len(w.keys) {
		w.keys, w.copies = keys, make([]copyState, len(keys))
	}
	w.poke()
}

// look notes that somebody looks; w polls more often then.
func (w *watch) look(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Sub(w.looked) > lookPatience {
		w.poke()
	}
	w.looked = now
}

func (w *watch) poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// filled notes that a copy was written.
func (w *watch) filled(id int, ttl time.Duration, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if id <= len(w.copies) {
		if w.copies[id-1].life != Alive {
			w.poke()
		}
		w.copies[id-1] = copyState{life: Alive, ends: at.Add(ttl), full: ttl}
	}
}

// shortened notes that a copy's TTL ends now.
func (w *watch) shortened(key string, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if i := slices.Index(w.keys, key); i >= 0 {
		w.copies[i].ends = now
	}
}

// deleted notes that the lab deletes a copy, so that its end is not taken for
// an expiry. A copy that somebody else deletes shows by the time it had left.
func (w *watch) deleted(id int, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if id <= len(w.copies) {
		w.copies[id-1].deleted = at
	}
}

// expired notes that the server said that a key expired. Polling may have seen
// it a moment before: asking for a key is what lets Redis notice its end.
func (w *watch) expired(key string, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.Index(w.keys, key)
	if i < 0 {
		return
	}
	switch c := &w.copies[i]; c.life {
	case Alive:
		w.ended(i, Expired, at, true)
	case Expired:
		c.announced = true
		w.change()
	}
}

// run polls until ctx ends.
func (w *watch) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		case <-timer.C:
		}
		timer.Reset(w.poll(ctx))
	}
}

// poll asks once, and returns when to ask again.
func (w *watch) poll(ctx context.Context) time.Duration {
	w.mu.Lock()
	keys := w.keys
	w.mu.Unlock()
	left := make([]time.Duration, len(keys))
	asked := time.Now()
	err := w.source().PTTLs(ctx, keys, left)
	w.told(err)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.unknown != (err != nil) {
		w.unknown = err != nil
		w.change()
	}
	if err == nil && len(keys) == len(w.copies) {
		w.note(left, asked)
	}
	alive := slices.ContainsFunc(w.copies, func(c copyState) bool { return c.life == Alive })
	if alive && time.Since(w.looked) < lookPatience {
		return lookPace
	}
	return idlePace
}

// note takes one round of answers; w.mu is held.
func (w *watch) note(left []time.Duration, asked time.Time) {
	for i := range w.copies {
		c := &w.copies[i]
		switch {
		case left[i] == redis.Gone && c.life == Alive && asked.After(c.ends.Add(-c.full)):
			life := Expired
			if asked.Before(c.ends.Add(-lookPace)) || time.Since(c.deleted) < idlePace+lookPace {
				life = Deleted
			}
			w.ended(i, life, asked, false)
		case left[i] > 0:
			ends := asked.Add(left[i])
			if c.life != Alive || ends.Sub(c.ends).Abs() > lookPace {
				*c = copyState{life: Alive, ends: ends, full: max(left[i], c.full), deleted: c.deleted}
				w.change()
			}
			c.ends = ends
		}
	}
}

// ended notes that a copy is gone; w.mu is held.
func (w *watch) ended(i int, life Life, at time.Time, announced bool) {
	w.copies[i] = copyState{life: life, goneAt: at, announced: announced}
	w.change()
	w.gone(i+1, life, announced)
}

// view writes what is known into the products, and tells whether any bar runs.
func (w *watch) view(products []ProductView, now time.Time) (running bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range products {
		if i >= len(w.copies) {
			break
		}
		p, c := &products[i], w.copies[i]
		p.Life, p.Announced = c.life, c.announced
		switch c.life {
		case Alive:
			// A copy that was written while the picture is taken is whole, not more.
			p.Left, p.Full = min(max(c.ends.Sub(now), 0), c.full), c.full
			running = true
		case Expired, Deleted:
			p.Gone = now.Sub(c.goneAt)
			running = running || p.Gone < flash
		}
		if w.unknown {
			p.Life = Unknown
		}
	}
	return running
}

// flash is how long the end of a copy stays in sight.
const flash = 3 * time.Second
