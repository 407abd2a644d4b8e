// Package workload says what arrives at the product service of the cache-aside
// lab: reads and writes of the catalogue, reads of products that do not exist, and
// now and then a product that enters it.
package workload

import (
	"math/rand/v2"
	"time"

	"resilab/labs/kit"
)

// Config is the load. Rates are a second of the lab's time; 0 means none.
type Config struct {
	Reads    int
	Writes   int
	Bots     int // reads of unknown products
	Products int
	Skew     float64 // of Zipf's law over the products
	// LateEvery is how often a product enters the catalogue, or leaves it, while
	// bots ask for it.
	LateEvery time.Duration
}

// Handler does what arrives. Its methods return at once.
type Handler struct {
	Read  func(id int, due time.Time)
	Write func(id int, price float64)
	Late  func(id int) // a product enters the catalogue, or the one that did leaves
}

// botIDs is how many ids beyond the catalogue bots ask for, again and again.
const botIDs = 50

// Arrivals returns what arrives, reads first: the same for the same seed.
func Arrivals(c Config, seed uint64, h Handler) []kit.Arrival {
	popular := kit.NewZipf(c.Products, c.Skew)
	reads, writes := kit.Stream(seed, "cacheaside.reads"), kit.Stream(seed, "cacheaside.writes")
	all := []kit.Arrival{
		{Gap: kit.Poisson(float64(c.Reads), kit.Stream(seed, "cacheaside.read-gaps")), Do: func(due time.Time) {
			h.Read(1+popular.Draw(reads), due)
		}},
		{Gap: kit.Poisson(float64(c.Writes), kit.Stream(seed, "cacheaside.write-gaps")), Do: func(time.Time) {
			id := 1 + popular.Draw(writes)
			h.Write(id, newPrice(writes))
		}},
	}
	if c.Bots == 0 {
		return all
	}
	return append(all, unknown(c, seed, h)...)
}

// wantedShare is the part of the bots' reads, as one in so many, that ask for the
// product that enters the catalogue next: people wait for it.
const wantedShare = 5

// unknown returns the arrivals of bots and of the late product, which enters and
// leaves at regular times: whether an absence is found to hide it is no luck.
func unknown(c Config, seed uint64, h Handler) []kit.Arrival {
	bots, late := kit.Stream(seed, "cacheaside.bots"), kit.Stream(seed, "cacheaside.late")
	draw := func(rng *rand.Rand) int { return c.Products + 1 + rng.IntN(botIDs) }
	wanted, entered := draw(late), false
	return []kit.Arrival{
		{Gap: kit.Poisson(float64(c.Bots), kit.Stream(seed, "cacheaside.bot-gaps")), Do: func(due time.Time) {
			id := draw(bots)
			if bots.IntN(wantedShare) == 0 {
				id = wanted
			}
			h.Read(id, due)
		}},
		{Gap: kit.Regular(1 / c.LateEvery.Seconds()), Do: func(time.Time) {
			h.Late(wanted)
			if entered = !entered; !entered {
				wanted = draw(late)
			}
		}},
	}
}

// newPrice draws a price from 1.00 to 1999.99.
func newPrice(rng *rand.Rand) float64 { return float64(100+rng.IntN(199_900)) / 100 }
