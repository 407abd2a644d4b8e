package service

import (
	"context"
	"fmt"
	"time"

	"resilab/labs/cacheaside/catalog"
)

// versioned changes the database, then announces the new version in Redis and
// deletes the copy. A fill with an older version is refused for a while.
type versioned struct{ keepCopy }

func (v versioned) FromRead() bool { return true }

func (v versioned) Fill(ctx context.Context, key string, e Entry, raw []byte, ttl time.Duration) error {
	if e.Missing {
		return v.keepCopy.Fill(ctx, key, e, raw, ttl)
	}
	return v.s.Store.FillNewest(ctx, key, e.Version, raw, ttl)
}

func (v versioned) After(ctx context.Context, p catalog.Product) error {
	v.s.Products.Of(p.ID).Deleting(v.s.Clock.Now())
	err := v.s.Store.Announce(ctx, v.s.Key(p.ID), p.Version, v.fenceTTL())
	if err = v.s.outcome(err); err != nil {
		return fmt.Errorf("announcing the new version: %w", err)
	}
	return nil
}

// fenceTTL outlives every load that read the database before the announcement: a
// load ends within the time-out.
func (v versioned) fenceTTL() time.Duration {
	return min(2*v.s.cfg.Timeout+time.Second, LongestTTL)
}
