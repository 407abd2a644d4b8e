package service

import (
	"context"
	"time"

	"resilab/labs/cacheaside/catalog"
)

// Invalidation is what happens to the copy when a price changes.
type Invalidation interface {
	// Before is called before the database changes.
	Before(ctx context.Context, id int) error
	// After is called when the change is committed.
	After(ctx context.Context, p catalog.Product) error
	// Fill stores a fresh copy.
	Fill(ctx context.Context, key string, e Entry, raw []byte, ttl time.Duration) error
	// FromRead reports whether a TTL counts from the reading of the database.
	FromRead() bool
}

func newInvalidation(name string, s *Service) Invalidation {
	switch none := (keepCopy{s}); name {
	case InvalidateBefore:
		return deleteBefore{none}
	case InvalidateAfter:
		return deleteAfter{none}
	case InvalidateWrite:
		return writeThrough{none}
	case InvalidateVersioned:
		return versioned{none}
	default:
		return none
	}
}

// keepCopy does nothing about the copy: its TTL ends it.
type keepCopy struct{ s *Service }

func (keepCopy) Before(context.Context, int) error            { return nil }
func (keepCopy) After(context.Context, catalog.Product) error { return nil }
func (keepCopy) FromRead() bool                               { return false }

func (k keepCopy) Fill(ctx context.Context, key string, _ Entry, raw []byte, ttl time.Duration) error {
	return k.s.Store.Set(ctx, key, raw, ttl)
}
