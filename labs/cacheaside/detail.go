package cacheaside

import "time"

// Detail is the lab's picture of itself, for its pane. Times are relative to
// the moment of the snapshot.
type Detail struct {
	HTTPAddr string        // where curl can join in; empty: nowhere
	TTL      time.Duration // of a fresh copy
	Products []ProductView // the most popular ones, by id
	Answers  []Answer      // the newest, newest first
	Hit      Latency
	Miss     Latency
	Reads    int64
	Hits     int64
	Misses   int64
	// Stampede is the expiry with the most loads of late.
	Stampede Stampede
	InFlight int64 // database queries right now
	RedisUp  bool
	RedisAt  string // empty where the visitor may not know
	Breaker  bool   // the breaker keeps commands away from Redis
	Shed     int64
	Memory   Memory
}

// Life tells what is known of a product's copy in the cache.
type Life int

const (
	Absent  Life = iota // it has not been there yet
	Alive               // it is there and its TTL runs down
	Expired             // its TTL has run down
	Deleted             // it was deleted before its time
	Unknown             // Redis does not answer
)

// ProductView is one product with its copy.
type ProductView struct {
	ID    int
	Name  string
	Price float64 // the truth
	Life  Life
	Left  time.Duration // while Alive: until it expires
	Full  time.Duration // while Alive: what it began with
	Gone  time.Duration // since it expired or was deleted, as the lab saw it
	// Announced tells that the server said so; otherwise polling saw it.
	Announced bool
	Stale     bool    // the copy is not the truth any more
	Copy      float64 // the price that the copy tells, if Stale
	Loading   int     // queries under way for it
}

// Answer is one answer of the service.
type Answer struct {
	Seq    uint64
	ID     int
	Source Source        // empty where there was none
	Status int           // as HTTP tells it: 200, 404, 500
	Took   time.Duration // from the begin of the read
	Ago    time.Duration
	Stale  bool
	HTTP   bool // asked for from outside
	// Overdue tells that the copy was beyond its soft TTL.
	Overdue bool
}

// Latency is the middle and the 99th percentile of one kind of read.
type Latency struct {
	N        int64
	P50, P99 time.Duration
}

// Stampede is what one expiry has caused.
type Stampede struct {
	ID    int
	Loads int
	Open  bool // there is no copy yet
	Ago   time.Duration
}

// Memory is what a Redis that is full does; zero where nothing bounds it.
type Memory struct {
	Copies    int   // in the cache, where the lab bounds it
	Most      int   // that it may hold
	Used      int64 // bytes, where a Redis of the lab's own does
	MostBytes int64
	Evictions int64 // so far
}
