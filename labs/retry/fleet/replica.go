package fleet

// replica is one of the machines that make up the server: a number of slots and a
// queue before them. Requests are served in the order of their arrival, so that
// nothing that comes later can change when one is done: that is known at once, and
// half of the events of a simulation need not happen.
type replica struct {
	hit     bool    // by the outage
	slots   heap    // when each slot is free
	waiting []int64 // when those that wait will be served, in order
	head    int     // the first in waiting that is not yet served
	renewed bool    // after the outage
}

func newReplicas(s *Server) []replica {
	replicas := make([]replica, s.machines())
	hit := s.Outage.Replicas
	if hit == 0 {
		hit = len(replicas)
	}
	for i := range replicas {
		replicas[i] = replica{hit: i < hit, slots: make(heap, s.Slots)}
	}
	return replicas
}

// serve returns when a request that arrives now and takes that long is done, or
// false if the queue is full.
func (r *replica) serve(now, service int64, room int) (done int64, ok bool) {
	if len(r.slots) == 0 {
		return now + service, true
	}
	start := max(now, r.slots[0].at)
	if !r.wait(now, start, room) {
		return 0, false
	}
	r.slots.replace(event{at: start + service})
	return start + service, true
}

// wait joins the queue if the request cannot start now, and reports whether there
// was room.
func (r *replica) wait(now, start int64, room int) bool {
	for r.head < len(r.waiting) && r.waiting[r.head] <= now {
		r.head++
	}
	if r.head > len(r.waiting)/2 {
		r.waiting = r.waiting[:copy(r.waiting, r.waiting[r.head:])]
		r.head = 0
	}
	if start <= now {
		return true
	}
	if room >= 0 && len(r.waiting)-r.head >= room {
		return false
	}
	r.waiting = append(r.waiting, start)
	return true
}

// renew empties slots and queue once the outage is over.
func (r *replica) renew() {
	if r.renewed {
		return
	}
	r.renewed = true
	clear(r.slots)
	r.waiting, r.head = r.waiting[:0], 0
}
