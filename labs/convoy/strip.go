package convoy

import "resilab/labs/convoy/ledger"

// Kind of a handled order on a user's strip.
type Kind byte

const (
	InOrder      Kind = iota
	Violation         // a later order of the user was handled before it
	Duplicate         // it had been handled before
	DeadLettered      // it was set aside
)

// Stamp is one order on a user's strip.
type Stamp struct {
	Seq  uint64
	Kind Kind
}

const stripLength = 64

// strip holds the latest orders of a user as they were handled.
type strip struct {
	stamps [stripLength]Stamp
	total  int
}

func (s *strip) add(seq uint64, v ledger.Verdict) {
	kind := InOrder
	switch v {
	case ledger.Violation:
		kind = Violation
	case ledger.Duplicate:
		kind = Duplicate
	}
	s.put(Stamp{seq, kind})
}

func (s *strip) addDead(seq uint64) { s.put(Stamp{seq, DeadLettered}) }

func (s *strip) put(st Stamp) {
	s.stamps[s.total%stripLength] = st
	s.total++
}

// last returns the newest stamps, oldest first.
func (s *strip) last(n int) []Stamp {
	n = min(n, s.total, stripLength)
	out := make([]Stamp, n)
	for i := range out {
		out[i] = s.stamps[(s.total-n+i)%stripLength]
	}
	return out
}
