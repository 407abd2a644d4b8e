package broker

// An entry is a message in a queue.
type entry struct {
	msg      *Message
	pos      uint64 // its place: smaller for entries that arrived earlier
	expires  int64  // nanoseconds since 1970; 0 means never
	returns  uint32 // number of deliveries that were returned
	failures uint32 // how many of them failed
}

// redelivered reports whether the message was delivered before.
func (e *entry) redelivered() bool { return e.returns > 0 }

// A readyList holds a queue's ready messages in the order of delivery: higher
// priority first, then by place.
//
// New messages are appended to the lane of their priority. Returned messages go back
// to their original place: they are in a heap beside the lane, and since a lane is
// only emptied from its front, everything in the heap is older than everything in
// the lane. Returning a message takes O(log n), everything else constant time.
type readyList struct {
	lanes []lane // one for each priority
	top   int    // all lanes above this one are empty
	n     int
	body  int64 // bytes of all bodies, which is what x-max-length-bytes limits
	size  int64 // bytes of memory
}

type lane struct {
	fresh    deque[entry]
	returned entryHeap
}

func newReadyList(priorities int) readyList {
	return readyList{lanes: make([]lane, priorities)}
}

func (r *readyList) len() int { return r.n }

func (r *readyList) laneOf(e entry) int { return min(int(e.msg.priority), len(r.lanes)-1) }

// add appends a new entry; its place must be larger than any before.
func (r *readyList) add(e entry) {
	i := r.laneOf(e)
	r.lanes[i].fresh.pushBack(e)
	r.count(i, e)
}

// putBack returns a popped entry to its original place.
func (r *readyList) putBack(e entry) {
	i := r.laneOf(e)
	r.lanes[i].returned.push(e)
	r.count(i, e)
}

// putFirst puts a popped entry before all entries that were never popped and after
// those that were put first earlier, whatever their priorities. Its place must be
// larger than theirs.
func (r *readyList) putFirst(e entry) {
	i := len(r.lanes) - 1
	r.lanes[i].returned.push(e)
	r.count(i, e)
}

func (r *readyList) count(lane int, e entry) {
	r.top = max(r.top, lane)
	r.n++
	r.body += int64(len(e.msg.Body))
	r.size += e.msg.size()
}

// peek returns the next entry without removing it, or nil.
func (r *readyList) peek() *entry {
	for ; r.top > 0; r.top-- {
		if e := r.lanes[r.top].peek(); e != nil {
			return e
		}
	}
	return r.lanes[0].peek()
}

// pop removes the next entry. The list must not be empty.
func (r *readyList) pop() entry {
	r.peek() // finds the top lane
	e := r.lanes[r.top].pop()
	r.n--
	r.body -= int64(len(e.msg.Body))
	r.size -= e.msg.size()
	return e
}

func (l *lane) peek() *entry {
	if len(l.returned) > 0 {
		return &l.returned[0]
	}
	if l.fresh.len() > 0 {
		return l.fresh.at(0)
	}
	return nil
}

func (l *lane) pop() entry {
	if len(l.returned) > 0 {
		return l.returned.pop()
	}
	return l.fresh.popFront()
}

// An entryHeap is a binary heap with the smallest place first.
type entryHeap []entry

func (h *entryHeap) push(e entry) {
	*h = append(*h, e)
	s := *h
	for i := len(s) - 1; i > 0; {
		parent := (i - 1) / 2
		if s[parent].pos <= s[i].pos {
			return
		}
		s[parent], s[i] = s[i], s[parent]
		i = parent
	}
}

func (h *entryHeap) pop() entry {
	s := *h
	top, last := s[0], len(s)-1
	s[0], s[last] = s[last], entry{}
	s = s[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= len(s) {
			break
		}
		if child+1 < len(s) && s[child+1].pos < s[child].pos {
			child++
		}
		if s[i].pos <= s[child].pos {
			break
		}
		s[i], s[child] = s[child], s[i]
		i = child
	}
	*h = s
	if last == 0 {
		*h = nil
	}
	return top
}
