package cacheaside

import (
	"context"
	"math"
	"sync/atomic"

	"resilab/labs/cacheaside/service"
	"resilab/labs/clock"
)

// speedFollower keeps the TTLs in Redis and the delays of the network in line with
// the speed of the lab's clock.
type speedFollower struct {
	clock   *clock.Clock
	servers *servers
	status  *redisStatus
	speed   atomic.Uint64 // for which the TTLs in Redis were set, as float64 bits
}

func newSpeedFollower(c *clock.Clock, of *servers, status *redisStatus) *speedFollower {
	s := &speedFollower{clock: c, servers: of, status: status}
	s.speed.Store(math.Float64bits(c.Speed()))
	return s
}

// follow adjusts what Redis and the network measure themselves whenever the
// speed of the clock changes, until ctx ends.
func (s *speedFollower) follow(ctx context.Context) {
	for {
		changed := s.clock.Changed()
		if speed := s.clock.Speed(); !s.settled() {
			s.servers.dialer.Adjust()
			s.adjustTTLs(ctx, math.Float64frombits(s.speed.Load()))
			s.speed.Store(math.Float64bits(speed))
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// settled reports whether the TTLs in Redis belong to the present speed.
func (s *speedFollower) settled() bool {
	return math.Float64frombits(s.speed.Load()) == s.clock.Speed()
}

func (s *speedFollower) adjustTTLs(ctx context.Context, from float64) {
	ctx, cancel := context.WithTimeout(ctx, serviceTimeout)
	defer cancel()
	if err := service.AdjustTTLs(ctx, s.servers.cacheAdmin(), s.clock, s.servers.prefix, from); err != nil {
		s.status.polled(err)
	}
}
