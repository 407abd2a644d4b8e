package broker

// A deque is a growing ring: a first-in-first-out list whose operations take
// constant time (amortised over its growth). It gives memory back as it
// empties.
type deque[T any] struct {
	ring []T // length is zero or a power of two
	head int
	n    int
}

const smallestRing = 8

func (d *deque[T]) len() int { return d.n }

// at returns the i-th element from the front.
func (d *deque[T]) at(i int) *T { return &d.ring[(d.head+i)&(len(d.ring)-1)] }

func (d *deque[T]) pushBack(v T) {
	if d.n == len(d.ring) {
		d.resize(max(smallestRing, 2*d.n))
	}
	d.n++
	*d.at(d.n - 1) = v
}

func (d *deque[T]) popFront() T {
	var zero T
	front := d.at(0)
	v := *front
	*front = zero
	d.head = (d.head + 1) & (len(d.ring) - 1)
	d.n--
	if len(d.ring) > smallestRing && d.n < len(d.ring)/4 {
		d.resize(len(d.ring) / 2)
	}
	return v
}

// removeFunc drops every element that match accepts; it is linear.
func (d *deque[T]) removeFunc(match func(T) bool) {
	for range d.n {
		if v := d.popFront(); !match(v) {
			d.pushBack(v)
		}
	}
}

func (d *deque[T]) resize(size int) {
	ring := make([]T, size)
	for i := range d.n {
		ring[i] = *d.at(i)
	}
	d.ring, d.head = ring, 0
}
