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
	at      int64 // when the client is notified
	outcome outcome
	worked  bool // the server carried it out, whether or not the client gets the reply
}

// server decides what becomes of a request as soon as it arrives.
type server struct {
	*Server
	replicas []replica
	turn     int   // whose turn it is
	second   int64 // the full second that admitted counts for
	admitted int
}

func newServer(s *Server) *server {
	return &server{Server: s, replicas: newReplicas(s)}
}

// handle takes a request. decline is set if the server declines this operation.
func (s *server) handle(now int64, decline bool, d draws) verdict {
	r := s.next()
	if s.down(r, now) {
		return s.unreachable(now, now+int64(s.Refusal))
	}
	if s.over(now) {
		return verdict{at: now + int64(s.Refusal), outcome: throttled}
	}
	fails, lost := d.happens(s.FailureRate), d.happens(s.LostRate)
	done, ok := r.serve(now, s.Latency.draw(d), s.QueueLimit)
	switch {
	case !ok:
		return verdict{at: now + int64(s.Refusal), outcome: failed}
	case r.hit && s.Outage.between(now, done):
		return s.unreachable(now, int64(s.Outage.At))
	case decline:
		return verdict{at: done, outcome: declined}
	case fails:
		return verdict{at: done, outcome: failed}
	case lost:
		return verdict{at: now + int64(LostAfter), outcome: timedOut, worked: true}
	}
	return verdict{at: done, outcome: succeeded, worked: true}
}

// next returns the replica that gets the next request.
func (s *server) next() *replica {
	r := &s.replicas[s.turn]
	if s.turn++; s.turn == len(s.replicas) {
		s.turn = 0
	}
	return r
}

// down reports whether the replica is in its outage.
func (s *server) down(r *replica, now int64) bool {
	if !r.hit || s.Outage.For == 0 || now < int64(s.Outage.At) {
		return false
	}
	if s.Outage.covers(now) {
		return true
	}
	r.renew()
	return false
}

// unreachable is the verdict of an outage: an error, or nothing at all.
func (s *server) unreachable(now, at int64) verdict {
	if s.Outage.Kind == Hang {
		return verdict{at: now + int64(LostAfter), outcome: timedOut}
	}
	return verdict{at: at, outcome: failed}
}

// over counts the request and reports whether the limit of this second is reached.
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
