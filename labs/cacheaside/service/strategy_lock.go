package service

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"time"

	"resilab/brokers/redis"
	"resilab/labs/cacheaside/measure"
)

// lock lets one reader of all instances load a product: the one that gets a lock
// in Redis (SET NX). The others wait for the copy. The TTL of the lock ends it
// if its holder crashes. A delete does not concern it: what the holder has read before
// is written after.
type lock struct{ everyReader }

// lockPoll is how often a reader without the lock looks whether there is a copy.
const lockPoll = 5 * time.Millisecond

func (l lock) Miss(ctx context.Context, q *query) (Answer, error) {
	s, key, token := l.s, q.key+":lock", newToken()
	for {
		mine, err := s.Store.SetIfAbsent(ctx, key, token, s.cfg.Timeout)
		switch {
		case s.outcome(err) != nil:
			return s.withoutRedis(ctx, q, err)
		case mine:
			defer s.Go(func(ctx context.Context) { l.unlock(ctx, key, token) })
			return s.loadUnlessFilled(ctx, q)
		}
		if err := s.Clock.Sleep(ctx, lockPoll); err != nil {
			return Answer{}, err
		}
		e, err := s.lookup(ctx, q)
		switch {
		case err == nil:
			return Answer{Entry: e, Source: measure.FromCache, Missed: true}, e.found()
		case !errors.Is(err, redis.ErrMiss):
			return s.withoutRedis(ctx, q, err)
		}
	}
}

// unlock gives a lock back. If that fails, its TTL ends it.
func (l lock) unlock(ctx context.Context, key, token string) {
	s := l.s
	ctx, cancel := s.Clock.WithTimeout(ctx, s.cfg.Timeout/2)
	defer cancel()
	_ = s.outcome(s.Store.DeleteIf(ctx, key, token))
}

// newToken returns a random word. Nothing that is measured depends
// on it.
func newToken() string { return strconv.FormatUint(rand.Uint64(), 36) }
