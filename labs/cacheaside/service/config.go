package service

import "time"

// Config is the settings of the service. Durations are in the lab's time.
type Config struct {
	TTL         time.Duration
	TTLJitter   float64 // ± share of the TTL
	NegativeTTL time.Duration
	SoftTTL     time.Duration
	FillDelay   time.Duration // between reading the database and writing the copy
	Timeout     time.Duration // of a whole read or write
	Padding     int           // bytes added to every copy

	Strategy   string
	Beta       float64 // of XFetch
	Invalidate string
	Instances  int
	CacheSize  int // copies that the service keeps; 0: no bound

	Database DatabaseConfig
	Failure  FailureConfig
}

// DatabaseConfig is what the database is like.
type DatabaseConfig struct {
	Latency   time.Duration
	WriteTime time.Duration
	Spread    string
	Conns     int // 0: no limit
}

// FailureConfig is what the service does when something fails.
type FailureConfig struct {
	Open      bool // answer from the database where Redis fails
	Breaker   bool // in front of Redis
	Limit     int  // queries at a time; 0: no limit
	StaleCopy bool // answer with an old copy of the instance where nothing else is left
}

// Words of the choices.
const (
	StrategyNone         = "none"
	StrategySingleFlight = "single-flight"
	StrategyLock         = "lock"
	StrategyLease        = "lease"
	StrategyEarly        = "early"
	StrategyRevalidate   = "revalidate"

	InvalidateNone      = "none"
	InvalidateBefore    = "delete-before"
	InvalidateAfter     = "delete-after"
	InvalidateWrite     = "write-through"
	InvalidateVersioned = "versioned"

	SpreadFixed       = "fixed"
	SpreadUniform     = "uniform"
	SpreadExponential = "exponential"
)
