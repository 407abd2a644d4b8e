package cacheaside

import (
	"context"
	"fmt"
	"time"

	"resilab/labs/cacheaside/catalog"
)

// write changes a price in the database, and does about the copy in the cache
// what the settings say. The error is catalog.ErrNotFound for a product that
// is not there.
func (s *service) write(ctx context.Context, r *run, id int, price float64) (catalog.Product, error) {
	if r.cfg.invalidate == invalidateBefore {
		if err := s.drop(ctx, r, id); err != nil && !r.cfg.failOpen {
			return catalog.Product{}, err
		}
	}
	p, err := s.db.setPrice(ctx, r, id, price)
	if err != nil {
		return catalog.Product{}, err
	}
	// The price has changed: what happens to the copy must not end with the
	// writer's patience.
	after, cancel := context.WithTimeout(s.life, r.cfg.timeout)
	defer cancel()
	if err := s.afterWrite(after, r, p); err != nil {
		r.meter.lostInvalidations.Add(1)
		if !r.cfg.failOpen {
			return catalog.Product{}, err
		}
	}
	return p, nil
}

// afterWrite brings the copy in line with a change that is committed.
func (s *service) afterWrite(ctx context.Context, r *run, p catalog.Product) error {
	switch r.cfg.invalidate {
	case invalidateAfter:
		return s.drop(ctx, r, p.ID)
	case invalidateWrite:
		q := query{run: r, id: p.ID, key: s.key(p.ID), truth: r.judge.of(p.ID), asked: time.Now()}
		return s.fill(ctx, q, newEntry(p, q.asked))
	case invalidateFenced:
		s.watch.deleted(p.ID, time.Now())
		err := r.cache.Fence(ctx, s.key(p.ID), p.Version, r.cfg.fenceTTL())
		if err = s.told(r, err); err != nil {
			return fmt.Errorf("fencing off old copies: %w", err)
		}
	}
	return nil
}

// drop deletes the copy.
func (s *service) drop(ctx context.Context, r *run, id int) error {
	s.watch.deleted(id, time.Now())
	_, err := r.cache.Delete(ctx, s.key(id))
	if err = s.told(r, err); err != nil {
		return fmt.Errorf("deleting the copy: %w", err)
	}
	return nil
}

// fenceTTL outlives every load that read the database before the fence stood:
// a load ends within the time-out.
func (c config) fenceTTL() time.Duration { return min(2*c.timeout+time.Second, longestTTL) }
