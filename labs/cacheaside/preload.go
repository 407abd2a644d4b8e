package cacheaside

import (
	"context"
	"fmt"
	"time"

	"resilab/brokers/redis"
)

// preloadBatch is how many copies go to Redis in one round trip.
const preloadBatch = 1000

// preload writes all products to the cache before the first read, as the
// warming-up of a deployment does: all their TTLs begin together.
func (s *service) preload(ctx context.Context, r *run, to *redis.Client) error {
	most := r.cfg.products
	if r.cfg.cacheSize > 0 {
		most = min(most, r.cfg.cacheSize)
	}
	products, err := s.db.db.List(ctx, most)
	if err != nil {
		return err
	}
	for len(products) > 0 {
		n := min(preloadBatch, len(products))
		batch := make([]redis.Entry, n)
		copies := make([]entry, n)
		now := time.Now()
		for i, p := range products[:n] {
			q := query{run: r, id: p.ID}
			ttl := q.lifetime(newEntry(p, now))
			copies[i] = newEntry(p, now)
			copies[i].Cost, copies[i].Expires = toMillis(r.cfg.dbLatency), now.Add(ttl).UnixMilli()
			batch[i] = redis.Entry{Key: s.key(p.ID), Value: copies[i].encode(r.cfg.padding), TTL: ttl}
		}
		if err := to.SetMany(ctx, batch); err != nil {
			return fmt.Errorf("warming up the cache: %w", err)
		}
		for i, e := range copies {
			r.judge.of(e.ID).filled(e, now)
			r.bound.add(e.ID)
			s.watch.filled(e.ID, batch[i].TTL, now)
		}
		products = products[n:]
	}
	return nil
}
