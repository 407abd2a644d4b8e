package fleet

import "time"

// outcome is how an attempt ended for the client.
type outcome uint8

const (
	succeeded outcome = iota
	failed            // a transient error
	throttled         // 429
	declined          // a permanent error
	timedOut
)

// verdict is what becomes of one request.
type verdict struct {
	at      int64 // when the client learns of it
	outcome outcome
	worked  bool // the server carried it out, whether or not the client hears of it
}

// server decides what becomes of a request as soon as it arrives: requests are
// served in the order of their arrival, so that nothing that comes later can change
// when one is done. That saves half of the events.
type server struct {
	*Server
	steady, frail heap    // when each slot is free; the frail ones a brownout takes away
	waiting       []int64 // when those that wait will be served, in order
	head          int     // the first in waiting that is not yet served
	second        int64   // the full second that admitted counts for
	admitted      int
}

func newServer(s *Server) *server {
	frail := 0
	if s.Outage.Kind == Brownout && s.Outage.For > 0 && s.Slots > 1 {
		frail = min(max(1, int(float64(s.Slots)*s.Outage.Share+0.5)), s.Slots-1)
	}
	return &server{
		Server: s,
		steady: make(heap, s.Slots-frail),
		frail:  make(heap, frail),
	}
}

// handle takes a request. decline says that this operation is one of those that the
// server declines.
func (s *server) handle(now int64, decline bool, draws dice) verdict {
	if s.down(now) {
		return s.unreachable(now)
	}
	if s.over(now) {
		return verdict{at: now + int64(s.Refusal), outcome: throttled}
	}
	fails, lost := draws.happens(s.FailureRate), draws.happens(s.LostRate)
	done, ok := s.serve(now, s.Latency.draw(draws))
	switch {
	case !ok:
		return verdict{at: now + int64(s.Refusal), outcome: failed}
	case s.down(done):
		return verdict{at: done, outcome: failed}
	case decline:
		return verdict{at: done, outcome: declined}
	case fails:
		return verdict{at: done, outcome: failed}
	case lost:
		return verdict{at: now + int64(LostAfter), outcome: timedOut, worked: true}
	}
	return verdict{at: done, outcome: succeeded, worked: true}
}

func (s *server) down(at int64) bool {
	return s.Outage.Kind != Brownout && s.Outage.covers(at)
}

func (s *server) unreachable(now int64) verdict {
	if s.Outage.Kind == Hang {
		return verdict{at: now + int64(LostAfter), outcome: timedOut}
	}
	return verdict{at: now + int64(s.Refusal), outcome: failed}
}

// over counts the request and reports whether this second had enough of them.
func (s *server) over(now int64) bool {
	if s.Limit == 0 {
		return false
	}
	if second := now / int64(time.Second); second != s.second {
		s.second, s.admitted = second, 0
	}
	if s.admitted >= s.Limit {
		return true
	}
	s.admitted++
	return false
}

// serve finds a slot and returns when the request is done, or false if the queue
// is full.
func (s *server) serve(now, service int64) (done int64, ok bool) {
	if s.Slots == 0 {
		return now + service, true
	}
	slot, start := s.nextSlot(now)
	if !s.wait(now, start) {
		return 0, false
	}
	slot.replace(event{at: start + service})
	return start + service, true
}

// nextSlot is the group of slots with the one that can serve first, and when.
func (s *server) nextSlot(now int64) (*heap, int64) {
	start := max(now, s.steady[0].at)
	if s.frail.empty() {
		return &s.steady, start
	}
	frail := max(now, s.frail[0].at)
	if s.Outage.covers(frail) {
		frail = int64(s.Outage.At + s.Outage.For)
	}
	if frail < start {
		return &s.frail, frail
	}
	return &s.steady, start
}

// wait joins the queue if the request cannot start now, and reports whether there
// was room.
func (s *server) wait(now, start int64) bool {
	for s.head < len(s.waiting) && s.waiting[s.head] <= now {
		s.head++
	}
	if s.head > len(s.waiting)/2 {
		s.waiting = s.waiting[:copy(s.waiting, s.waiting[s.head:])]
		s.head = 0
	}
	if start <= now {
		return true
	}
	if s.Queue >= 0 && len(s.waiting)-s.head >= s.Queue {
		return false
	}
	s.waiting = append(s.waiting, start)
	return true
}
