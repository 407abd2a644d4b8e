package cacheaside

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"resilab/brokers/redis"
)

// flight lets one reader of this instance ask for all that want the same
// product at the same time. The asking must not end with that reader, who may
// leave, but with the time-out since it came.
func (s *service) flight(q query, ask func(context.Context, query) (answer, error)) (answer, error) {
	got, err, _ := q.inst.flight.Do(strconv.Itoa(q.id), func() (any, error) {
		ctx, cancel := context.WithDeadline(s.life, q.asked.Add(q.cfg.timeout))
		defer cancel()
		return ask(ctx, q)
	})
	return got.(answer), err
}

// loadUnlessFilled looks once more before it loads: whoever was first may have
// filled the cache between this reader's miss and its turn.
func (s *service) loadUnlessFilled(ctx context.Context, q query) (answer, error) {
	e, err := s.lookup(ctx, q, time.Now())
	switch {
	case err == nil:
		return answer{entry: e, source: FromCache, missed: true}, e.found()
	case errors.Is(err, redis.ErrMiss):
		return s.load(ctx, q)
	case q.cfg.failOpen:
		return s.uncached(ctx, q)
	}
	return answer{}, err
}

// leasePoll is how often a reader without the lease looks whether there is a copy.
const leasePoll = 5 * time.Millisecond

// leased lets one reader of all instances load a product: the one that gets
// the lease, a key of its own in Redis. The others wait for the copy. A lease
// whose holder dies ends by its TTL; nobody holds one for longer than that.
func (s *service) leased(ctx context.Context, q query) (answer, error) {
	lease, token := q.key+":lease", strconv.FormatUint(rand.Uint64(), 36)
	for {
		mine, err := q.cache.SetIfAbsent(ctx, lease, token, q.cfg.timeout)
		switch {
		case s.told(q.run, err) != nil:
			return s.withoutRedis(ctx, q, err)
		case mine:
			defer s.background(func() { s.release(q, lease, token) })
			return s.loadUnlessFilled(ctx, q)
		}
		if err := wait(ctx, leasePoll); err != nil {
			return answer{}, err
		}
		e, err := s.lookup(ctx, q, time.Now())
		switch {
		case err == nil:
			return answer{entry: e, source: FromCache, missed: true}, e.found()
		case !errors.Is(err, redis.ErrMiss):
			return s.withoutRedis(ctx, q, err)
		}
	}
}

// release gives a lease back. What fails here is mended by the lease's TTL.
func (s *service) release(q query, lease, token string) {
	ctx, done := q.redis.from(s.life, time.Now())
	defer done()
	_ = s.told(q.run, q.cache.DeleteIf(ctx, lease, token))
}

// dueEarly decides by chance whether a reader refreshes a copy that is still
// alive: the nearer its end and the longer a load takes, the likelier.
// XFetch: refresh when now − δ·β·ln(u) ≥ expiry, where δ is what the load took
// and u is uniform in (0,1]; β = 1 is the optimum, more is earlier.
//
// A. Vattani, F. Chierichetti, K. Lowenstein: Optimal Probabilistic Cache
// Stampede Prevention. Proceedings of the VLDB Endowment 8(8), 2015.
func (e entry) dueEarly(now time.Time, beta, u float64) bool {
	lead := -e.Cost * beta * math.Log(1-u) // ms
	return float64(now.UnixMilli())+lead >= float64(e.Expires)
}

// refresh loads a product that somebody has been answered for already.
func (s *service) refresh(q query) {
	ctx, cancel := context.WithTimeout(s.life, q.cfg.timeout)
	defer cancel()
	q.meter.refreshes.Add(1)
	// Nobody waits for the outcome: if it fails, a later read tries again.
	_, _ = s.load(ctx, q)
}

// refreshOnce refreshes in the background unless this instance is at it.
func (s *service) refreshOnce(q query) {
	if _, busy := q.inst.refreshing.LoadOrStore(q.id, true); busy {
		return
	}
	s.background(func() {
		defer q.inst.refreshing.Delete(q.id)
		s.refresh(q)
	})
}
