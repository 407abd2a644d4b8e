package cacheaside

import (
	"context"
	"errors"
	"time"

	"resilab/labs/cacheaside/measure"
	"resilab/labs/kit"
	"resilab/labs/lab"
)

// redisStatus records whether Redis answers, and logs when that changes.
type redisStatus struct {
	base    *kit.Base
	servers *servers
	health  *measure.Health
}

func newRedisStatus(b *kit.Base, of *servers) *redisStatus {
	s := &redisStatus{base: b, servers: of}
	s.health = measure.NewHealth(b.Clock.Now, s.changed)
	return s
}

// away reports whether Redis does not answer.
func (s *redisStatus) away() bool {
	_, err := s.health.Trouble()
	return err != nil
}

// changed writes that Redis fails, or that it is back.
func (s *redisStatus) changed(err error, away time.Duration) {
	defer s.base.Changed()
	away = away.Round(10 * time.Millisecond)
	addr := s.addr()
	switch {
	case err != nil && addr == "":
		s.base.Log.Add(lab.MarkFault, "cacheaside.event.redis-away")
	case err != nil:
		s.base.Log.Add(lab.MarkFault, "cacheaside.event.redis-down", err.Error())
	case addr == "":
		s.base.Log.Add(lab.MarkRecovered, "cacheaside.event.redis-back", away)
	default:
		s.base.Log.Add(lab.MarkRecovered, "cacheaside.event.redis-up", addr, away)
	}
}

// addr returns the address of Redis; empty for a visitor over the network,
// who cannot connect to it.
func (s *redisStatus) addr() string {
	if s.base.Env.Guest {
		return ""
	}
	return s.servers.cache().Addr()
}

// polled records how a command of the lab itself ended.
func (s *redisStatus) polled(err error) {
	if err == nil {
		s.health.Up()
	} else if !errors.Is(err, context.Canceled) {
		s.health.Down(err)
	}
}
