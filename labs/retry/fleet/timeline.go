package fleet

import "math/bits"

const buckets = 8192

// timeline is the queue of events to come. Those of the present bucket are in a
// heap, which stays small; those of the next buckets lie unordered in a wheel,
// where adding one costs the same however many there are; what is later still
// waits in a heap of its own. (Brown, "Calendar queues", CACM 31(10), 1988.)
type timeline struct {
	width    uint // a bucket holds 2^width ns
	present  heap
	bucket   int64 // the number of the present bucket
	wheel    [buckets]int32
	occupied [buckets / 64]uint64 // one bit for each bucket of the wheel that is not empty
	nodes    []node               // of the lists in the wheel; the first is not used
	unused   int32                // list of nodes
	far      heap
}

// node is an event in a list. 0 is the end of a list.
type node struct {
	event
	next int32
}

// newTimeline has buckets of 2^width ns: best is a width that leaves a few events in
// each.
func newTimeline(width uint) *timeline {
	return &timeline{width: width, nodes: make([]node, 1, 256)}
}

func (t *timeline) push(e event) {
	switch bucket := e.at >> t.width; {
	case bucket <= t.bucket:
		t.present.push(e)
	case bucket < t.bucket+buckets:
		t.link(bucket%buckets, e)
	default:
		t.far.push(e)
	}
}

// next returns the earliest event without taking it away, and false if there is
// none.
func (t *timeline) next() (event, bool) {
	for t.present.empty() {
		if !t.advance() {
			return event{}, false
		}
	}
	return t.present[0], true
}

// pop takes away the event that next returned.
func (t *timeline) pop() { t.present.pop() }

// link adds an event to the list of a bucket in the wheel.
func (t *timeline) link(i int64, e event) {
	at := t.unused
	if at == 0 {
		at = int32(len(t.nodes))
		t.nodes = append(t.nodes, node{})
	} else {
		t.unused = t.nodes[at].next
	}
	t.nodes[at] = node{e, t.wheel[i]}
	t.wheel[i] = at
	t.occupied[i/64] |= 1 << (i % 64)
}

// advance makes the next bucket that has events the present one.
func (t *timeline) advance() bool {
	if i, ok := t.nextOccupied(); ok {
		t.bucket = i
	} else if !t.far.empty() {
		t.bucket = t.far[0].at >> t.width
	} else {
		return false
	}
	for !t.far.empty() && t.far[0].at>>t.width < t.bucket+buckets {
		t.push(t.far.pop())
	}
	t.unlink(t.bucket % buckets)
	return true
}

// nextOccupied is the number of the first bucket after the present one that has
// events in the wheel.
func (t *timeline) nextOccupied() (int64, bool) {
	from := t.bucket + 1
	for end := from + buckets; from < end; {
		word := t.occupied[from%buckets/64] >> (from % 64)
		if word != 0 {
			return from + int64(bits.TrailingZeros64(word)), true
		}
		from += 64 - from%64
	}
	return 0, false
}

// unlink moves a bucket's events from the wheel to the present.
func (t *timeline) unlink(i int64) {
	for at := t.wheel[i]; at != 0; {
		n := &t.nodes[at]
		t.present.push(n.event)
		n.next, t.unused, at = t.unused, at, n.next
	}
	t.wheel[i] = 0
	t.occupied[i/64] &^= 1 << (i % 64)
}
