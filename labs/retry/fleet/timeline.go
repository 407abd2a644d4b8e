package fleet

import "math/bits"

const buckets = 8192

// timeline is the queue of events to come. Those of the present bucket are in a
// heap, which stays small; those of the next buckets lie unordered in a wheel,
// where adding one costs the same however many there are; what is later still
// waits in another heap. (Brown, "Calendar queues", CACM 31(10), 1988.)
// An operation has one event at a time.
type timeline struct {
	width    uint // a bucket holds 2^width ns
	present  heap
	bucket   int64                // the number of the present bucket
	wheel    [buckets]link        // the first in each bucket
	occupied [buckets / 64]uint64 // one bit for each bucket of the wheel that is not empty
	nodes    []node               // of the operations whose events are in the wheel
	far      heap
}

// link leads to the node of operation link-1; 0 leads nowhere.
type link int32

// node is an operation's place in the list of a bucket.
type node struct {
	at   int64
	next link
}

// newTimeline has buckets of 2^width ns: best is a width that leaves a few events in
// each.
func newTimeline(width uint) *timeline {
	return &timeline{width: width}
}

func (t *timeline) push(e event) {
	switch bucket := e.at >> t.width; {
	case bucket <= t.bucket:
		t.present.push(e)
	case bucket < t.bucket+buckets:
		t.add(bucket%buckets, e)
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

// add puts an event into the list of a bucket in the wheel.
func (t *timeline) add(i int64, e event) {
	for int(e.op) >= len(t.nodes) {
		t.nodes = append(t.nodes, node{})
	}
	t.nodes[e.op] = node{e.at, t.wheel[i]}
	t.wheel[i] = link(e.op + 1)
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
	for l := t.wheel[i]; l != 0; l = t.nodes[l-1].next {
		t.present.push(event{t.nodes[l-1].at, int32(l - 1)})
	}
	t.wheel[i] = 0
	t.occupied[i/64] &^= 1 << (i % 64)
}
