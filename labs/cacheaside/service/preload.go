package service

import (
	"context"
	"fmt"

	"resilab/brokers/redis"
	"resilab/labs/cacheaside/catalog"
	"resilab/labs/kit"
)

// preloadBatch is how many copies go to Redis in one round trip: so few that a busy
// server answers before the client gives up. It carries out what nobody waits for
// all the same, at worst after the lab has removed its keys.
const preloadBatch = 100

// Preload writes the first products to the cache before the first read, as the
// warm-up of a deployment does: all their TTLs begin together.
func (s *Service) Preload(ctx context.Context, to *redis.Client, products int) error {
	if s.cfg.CacheSize > 0 {
		products = min(products, s.cfg.CacheSize)
	}
	all, err := s.Catalog.List(ctx, products)
	if err != nil {
		return err
	}
	for len(all) > 0 {
		n := min(preloadBatch, len(all))
		if err := s.preload(ctx, to, all[:n]); err != nil {
			return fmt.Errorf("warming up the cache: %w", err)
		}
		all = all[n:]
	}
	return nil
}

func (s *Service) preload(ctx context.Context, to *redis.Client, products []catalog.Product) error {
	batch, copies := make([]redis.Entry, len(products)), make([]Entry, len(products))
	now := s.Clock.Now()
	for i, p := range products {
		e := newEntry(p, now)
		ttl := s.lifetimes.of(e)
		e.Cost, e.Expires = kit.Millis(s.cfg.Database.Latency+s.cfg.FillDelay), now.Add(ttl).UnixMilli()
		copies[i] = e
		batch[i] = redis.Entry{Key: s.Key(p.ID), Value: e.encode(s.cfg.Padding), TTL: s.Clock.Real(ttl)}
	}
	if err := to.SetMany(ctx, batch); err != nil {
		return err
	}
	for i, e := range copies {
		s.Products.Of(e.ID).Filled(e.asCopy(s.Clock.Lab(batch[i].TTL)), now)
		s.copies.add(e.ID)
	}
	return nil
}
