package measure

import "time"

// Source says where an answer came from.
type Source string

// Sources of an answer.
const (
	FromCache    Source = "cache"
	FromDatabase Source = "database"
	FromCopy     Source = "stale" // an old copy in the memory of the instance
)

// Life says what is known of a product's copy in the cache.
type Life int

// The lives of a copy.
const (
	Absent  Life = iota // it has not existed yet
	Alive               // it exists and its TTL runs down
	Expired             // its TTL has run down
	Deleted             // it was deleted before its time
	Unknown             // Redis does not answer
)

// ProductView is one product with its copy, at the moment of a snapshot.
type ProductView struct {
	ID    int
	Name  string
	Price float64 // in the database
	Life  Life
	Left  time.Duration // while Alive: until it expires
	Full  time.Duration // while Alive: its TTL when it was written
	Gone  time.Duration // since it expired or was deleted, as the lab saw it
	// Announced is set where the server announced the end; else polling saw it.
	Announced bool
	Stale     bool    // the copy differs from the database
	Copy      float64 // the price in the copy, if Stale
	Loading   int     // queries under way for it
}

// Answer is one answer of the service.
type Answer struct {
	Seq     uint64
	ID      int
	Source  Source        // empty where there was none
	Status  int           // of HTTP: 200, 404, 500
	Took    time.Duration // since the begin of the read
	Ago     time.Duration
	Stale   bool
	HTTP    bool // requested from outside
	Overdue bool // the copy was beyond its soft TTL
}

// Stampede is what one expiry has caused.
type Stampede struct {
	ID    int
	Loads int
	Open  bool // there is no copy yet
}
