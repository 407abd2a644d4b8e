package service

import (
	"context"

	"resilab/labs/cacheaside/catalog"
)

// writeThrough changes the database, then writes the new row to the cache. Of two
// writers at the same time the slower one may write the older row last.
type writeThrough struct{ keepCopy }

func (w writeThrough) After(ctx context.Context, p catalog.Product) error {
	s := w.s
	now := s.Clock.Now()
	q := &query{id: p.ID, key: s.Key(p.ID), product: s.Products.Of(p.ID), asked: now}
	return s.fill(ctx, q, newEntry(p, now))
}
