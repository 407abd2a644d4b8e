package service

import "time"

// LongestTTL bounds the TTL of a copy before its jitter, so that what a killed
// program leaves behind is gone within two minutes.
const LongestTTL = time.Minute

// lifetime returns the TTL of a fresh copy. Where the age of a copy matters, it
// counts from the moment the database was read, so that no copy outlives its row
// by more than the TTL even where Redis could not be told of a change.
func (s *Service) lifetime(e Entry) time.Duration {
	ttl := s.jitteredTTL()
	if e.Missing {
		ttl = s.cfg.NegativeTTL
	}
	if e.Missing || s.invalidation.FromRead() || s.strategy.FromRead() {
		ttl -= s.Clock.Since(e.LoadedAt())
	}
	return ttl
}

// jitteredTTL draws a TTL, evenly around the one that was set.
func (s *Service) jitteredTTL() time.Duration {
	ttl := min(s.cfg.TTL, LongestTTL)
	if s.cfg.TTLJitter == 0 {
		return ttl
	}
	return time.Duration(float64(ttl) * (1 + s.cfg.TTLJitter*(2*s.Draw()-1)))
}
