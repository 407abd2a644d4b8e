package topology

import (
	"fmt"

	"resilab/labs/convoy/routing"
	"resilab/labs/convoy/transport"
)

// Routes compares where systems send the users' orders, with as many lanes as
// are open now. Azure Service Bus is not among them: there every user is a
// session, and no session ever moves.
type Routes struct {
	Systems []string
	Lanes   int
	// Of[u][s] is the lane of user u in system s, from 1; for RabbitMQ the number
	// of the lane, which it keeps when others before it are removed.
	Of [][]int
	// Grown and Shrunk are the shares of keys that move when a lane is added,
	// or the last one removed; for Kinesis, when a shard is split, or two are
	// merged. Below 0: the system cannot do that.
	Grown, Shrunk []float64
}

// maxUsers bounds the users whose lanes are compared.
const maxUsers = 24

// sampleKeys is how many keys the shares of moved ones are taken from.
const sampleKeys = 2000

// newRoutes compares the systems for the lanes with these numbers, in binding order.
func newRoutes(users int, numbers []int) *Routes {
	lanes := len(numbers)
	r := &Routes{Systems: routing.Systems(), Lanes: lanes, Of: make([][]int, min(users, maxUsers))}
	keys := make([]string, sampleKeys)
	for i := range keys {
		keys[i] = fmt.Sprintf("key-%d", i)
	}
	for _, system := range r.Systems {
		now, err := routing.New(system, lanes)
		if err != nil {
			continue // lanes is always in range
		}
		for u := range r.Of {
			lane := now.Route(transport.UserName(u))
			if system == routing.RabbitMQ {
				r.Of[u] = append(r.Of[u], numbers[lane])
			} else {
				r.Of[u] = append(r.Of[u], lane+1)
			}
		}
		grown, shrunk := changed(system, lanes)
		r.Grown = append(r.Grown, movedShare(keys, now, grown))
		r.Shrunk = append(r.Shrunk, movedShare(keys, now, shrunk))
	}
	return r
}

// changed returns a system's router with one lane more and with one less; nil
// where it cannot be done.
func changed(system string, lanes int) (grown, shrunk routing.Router) {
	switch system {
	case routing.RabbitMQ:
		grown = routing.NewRing(lanes + 1)
		if lanes > 1 {
			shrunk = routing.NewRing(lanes - 1)
		}
	case routing.Kafka:
		grown = routing.Partitions(lanes + 1)
	case routing.NATS:
		grown = routing.Subjects(lanes + 1)
		if lanes > 1 {
			shrunk = routing.Subjects(lanes - 1)
		}
	case routing.Kinesis:
		split, merged := routing.NewShards(lanes), routing.NewShards(lanes)
		if split.Split(lanes-1) == nil {
			grown = split
		}
		if lanes > 1 && merged.Merge(lanes-2, lanes-1) == nil {
			shrunk = merged
		}
	}
	return grown, shrunk
}

func movedShare(keys []string, before, after routing.Router) float64 {
	if after == nil {
		return -1
	}
	return routing.Moved(keys, before, after)
}
