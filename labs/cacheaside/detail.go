package cacheaside

import (
	"time"

	"resilab/labs/cacheaside/measure"
)

// Detail is the lab's picture of itself, for its pane. Times are relative to the
// moment of the snapshot.
type Detail struct {
	HTTPAddr string                // where curl can join in; empty: nowhere
	TTL      time.Duration         // of a fresh copy
	Products []measure.ProductView // the most popular ones, by id
	Answers  []measure.Answer      // newest first
	Hit      Latency
	Miss     Latency
	Stampede measure.Stampede // the expiry with the most loads of late
	Redis    RedisView
	Memory   Memory
	Shed     int64 // queries that the service kept away from the database
}

// RedisView is what a screen shows of Redis.
type RedisView struct {
	Up      bool
	Addr    string // empty for a visitor, who may not see it
	Breaker bool   // the breaker keeps commands away
}

// Latency is how many reads of one kind there were, and their median.
type Latency struct {
	N   int64
	P50 time.Duration
}

// Memory is how full the cache is; zero where nothing bounds it.
type Memory struct {
	Copies    int   // where the lab bounds it
	Most      int   // that it may hold
	Used      int64 // bytes, where a private Redis bounds it
	MostBytes int64
	Evictions int64 // so far
}
