package fleet

// event wakes an operation at a time, in nanoseconds from the start.
type event struct {
	at int64
	op int32
}

// heap is a priority queue of events, the earliest on top. Four children to a node
// make it half as deep as a binary one, and values keep it free of allocations.
type heap []event

func (h heap) empty() bool { return len(h) == 0 }

func (h *heap) push(e event) {
	*h = append(*h, e)
	s := *h
	i := len(s) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if s[parent].at <= e.at {
			break
		}
		s[i] = s[parent]
		i = parent
	}
	s[i] = e
}

// pop takes the earliest event away. The heap must not be empty.
func (h *heap) pop() event {
	s := *h
	top := s[0]
	last := s[len(s)-1]
	*h = s[:len(s)-1]
	if len(*h) > 0 {
		h.sink(last)
	}
	return top
}

// replace takes the earliest event away and adds another, in one go.
func (h *heap) replace(e event) { h.sink(e) }

// sink puts e in the place of the top and restores the order.
func (h *heap) sink(e event) {
	s := *h
	i := 0
	for {
		least := 4*i + 1
		if least >= len(s) {
			break
		}
		for child := least + 1; child < min(least+4, len(s)); child++ {
			if s[child].at < s[least].at {
				least = child
			}
		}
		if e.at <= s[least].at {
			break
		}
		s[i] = s[least]
		i = least
	}
	s[i] = e
}
