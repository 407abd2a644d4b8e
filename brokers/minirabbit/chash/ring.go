package chash

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"resilab/brokers/minirabbit/codec"
)

// MaxWeight is the heaviest binding that a Ring accepts, in buckets. RabbitMQ 3.x sets
// no limit and runs out of memory instead.
const MaxWeight = 1<<31 - 1

// Ring is the set of buckets behind one exchange. The zero value is an empty
// ring. It is not safe for use by several goroutines at once unless all of them
// only route.
type Ring struct {
	lanes   []lane
	buckets int64
}

// lane is the run of buckets of one queue: those from the end of the lane before
// it up to, and without, its own end.
type lane struct {
	queue string
	end   int64
}

// Bind appends weight buckets for queue and reports whether it did: a queue that
// has buckets already keeps them, whatever the new weight, and a weight below 1
// binds nothing.
func (r *Ring) Bind(queue string, weight int) bool {
	if weight < 1 || r.find(queue) >= 0 {
		return false
	}
	r.buckets += int64(weight)
	r.lanes = append(r.lanes, lane{queue: queue, end: r.buckets})
	return true
}

// Unbind removes all buckets of queue and moves the later ones down. RabbitMQ
// does so whichever of a queue's bindings is removed, even one that Bind ignored.
func (r *Ring) Unbind(queue string) {
	i := r.find(queue)
	if i < 0 {
		return
	}
	weight := r.lanes[i].end
	if i > 0 {
		weight -= r.lanes[i-1].end
	}
	r.lanes = slices.Delete(r.lanes, i, i+1)
	for ; i < len(r.lanes); i++ {
		r.lanes[i].end -= weight
	}
	r.buckets -= weight
}

// Route returns the queue that hash belongs to. It reports false when nothing is
// bound: such a message is unroutable.
func (r *Ring) Route(hash uint32) (queue string, ok bool) {
	if r.buckets == 0 {
		return "", false
	}
	bucket := jump(hash, r.buckets)
	i := 0
	for r.lanes[i].end <= bucket {
		i++
	}
	return r.lanes[i].queue, true
}

// Len returns the number of buckets: the sum of the weights.
func (r *Ring) Len() int { return int(r.buckets) }

func (r *Ring) find(queue string) int {
	return slices.IndexFunc(r.lanes, func(l lane) bool { return l.queue == queue })
}

// ParseWeight parses a binding key as RabbitMQ does: an integer from 1 to limit, which
// is at most MaxWeight. It may have a sign and leading zeros. The error has RabbitMQ's
// text.
func ParseWeight(key string, limit int) (int, error) {
	digits := strings.TrimPrefix(key, "+")
	if strings.HasPrefix(key, "-") {
		digits = key[1:]
	}
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, errors.New(codec.ErlangText("The binding key must be an integer: ", []byte(key)))
	}
	weight, err := strconv.ParseInt(key, 10, 64)
	switch {
	case err != nil && key[0] != '-', weight > int64(limit):
		return 0, fmt.Errorf("The binding key must not exceed %d", limit)
	case weight < 1:
		return 0, errors.New("The binding key must be greater than 0")
	}
	return int(weight), nil
}
