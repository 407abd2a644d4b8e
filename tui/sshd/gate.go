package sshd

import (
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// arrivalInterval is the mean time between new connections of one address once
// it has used up its burst, which is as many as may be open: a class behind one
// address arrives at once, and a flood costs a few percent of a processor.
const arrivalInterval = 50 * time.Millisecond

// manySources is how many addresses are remembered before those without open
// connections are forgotten.
const manySources = 1000

// gate counts connections and sessions. It is safe for concurrent use.
//
// Connections without a session wait in a pool. When the pool, or an address's
// share of connections, is full, the oldest connection that has not
// authenticated makes room for the new one: silent clients cannot keep others
// out. Exempt addresses have a separate pool and no limits an address.
type gate struct {
	maxSessions, maxWatchers, maxPerAddress int
	exempt                                  []netip.Prefix
	now                                     func() time.Time

	mu       sync.Mutex
	sessions int
	watchers int
	pools    [2]pool // of other addresses and of exempt ones
	sources  map[netip.Addr]*source
}

// source is the state of one address.
type source struct {
	open int
	// due is the theoretical arrival time of the generic cell rate algorithm
	// (ITU-T I.371).
	due time.Time
}

func newGate(o Limits) *gate {
	return &gate{maxSessions: o.MaxSessions, maxWatchers: o.MaxWatchers, maxPerAddress: o.MaxPerAddress, exempt: o.Exempt,
		now: time.Now, sources: map[netip.Addr]*source{}}
}

// ticket is one connection's place.
type ticket struct {
	gate          *gate
	source        *source
	pool          *pool
	cut           func() // closes the connection; must not block
	authenticated bool
	sessions      int
	left          bool
}

// pool holds the connections without a session, the oldest first.
type pool struct{ waiting []*ticket }

// enter admits a connection before its handshake. The gate calls cut, once at
// most, when the connection has to make room for another. A refusal says why
// the connection was not admitted.
func (g *gate) enter(from net.Addr, cut func()) (t *ticket, refusal string) {
	addr := address(from)
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.source(addr)
	p := &g.pools[0]
	if g.isExempt(addr) {
		p = &g.pools[1]
	} else if refusal := g.admit(p, s); refusal != "" {
		return nil, refusal
	}
	// Twice as many as sessions: a client that gets no session must get a message.
	if len(p.waiting) >= 2*g.maxSessions {
		p.makeRoom()
	}
	s.open++
	t = &ticket{gate: g, source: s, pool: p, cut: cut}
	p.waiting = append(p.waiting, t)
	return t, ""
}

// admit limits an address to its number of connections and its rate.
func (g *gate) admit(p *pool, s *source) (refusal string) {
	now := g.now()
	due := s.due
	if due.Before(now) {
		due = now
	}
	if due.Sub(now) >= time.Duration(g.maxPerAddress)*arrivalInterval {
		return "too many new connections from this address"
	}
	mayCut := func(t *ticket) bool { return t.source == s && !t.authenticated }
	if s.open >= g.maxPerAddress && !p.cutOldest(mayCut) {
		return "too many connections from this address"
	}
	s.due = due.Add(arrivalInterval)
	return ""
}

// makeRoom cuts the oldest connection of the address that has the most among
// those that have not authenticated, else among all that wait.
func (p *pool) makeRoom() {
	unauthenticated := func(t *ticket) bool { return !t.authenticated }
	of := p.busiest(unauthenticated)
	if of != nil {
		p.cutOldest(func(t *ticket) bool { return t.source == of && unauthenticated(t) })
		return
	}
	of = p.busiest(func(*ticket) bool { return true })
	p.cutOldest(func(t *ticket) bool { return t.source == of })
}

// cutOldest cuts the oldest connection that may be cut and reports whether
// there was one.
func (p *pool) cutOldest(may func(*ticket) bool) bool {
	i := slices.IndexFunc(p.waiting, may)
	if i < 0 {
		return false
	}
	t := p.waiting[i]
	t.leaveLocked()
	t.cut()
	return true
}

// busiest returns the address with the most connections that count, nil where
// there are none.
func (p *pool) busiest(counted func(*ticket) bool) (most *source) {
	counts := map[*source]int{}
	for _, t := range p.waiting {
		if !counted(t) {
			continue
		}
		if counts[t.source]++; counts[t.source] > counts[most] {
			most = t.source
		}
	}
	return most
}

func (p *pool) remove(t *ticket) {
	if i := slices.Index(p.waiting, t); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
	}
}

// source returns the state of an address. Where there are many, it forgets
// those that have no connection and no rate to remember.
func (g *gate) source(addr netip.Addr) *source {
	if s := g.sources[addr]; s != nil {
		return s
	}
	if len(g.sources) >= manySources {
		now := g.now()
		maps.DeleteFunc(g.sources, func(_ netip.Addr, s *source) bool { return s.open == 0 && !s.due.After(now) })
	}
	s := &source{}
	g.sources[addr] = s
	return s
}

// authenticate records that the connection has authenticated.
func (t *ticket) authenticate() {
	t.gate.mu.Lock()
	defer t.gate.mu.Unlock()
	t.authenticated = true
}

// leave gives the place back. A second call does nothing.
func (t *ticket) leave() {
	t.gate.mu.Lock()
	defer t.gate.mu.Unlock()
	t.leaveLocked()
}

func (t *ticket) leaveLocked() {
	if t.left {
		return
	}
	t.left = true
	t.source.open--
	t.pool.remove(t)
}

// takeSession takes one of the server's sessions; giveSession gives it back.
func (t *ticket) takeSession() bool { return t.take(&t.gate.sessions, t.gate.maxSessions) }

func (t *ticket) giveSession() { t.give(&t.gate.sessions) }

// takeWatch takes one of the server's places for those who only watch; giveWatch
// gives it back.
func (t *ticket) takeWatch() bool { return t.take(&t.gate.watchers, t.gate.maxWatchers) }

func (t *ticket) giveWatch() { t.give(&t.gate.watchers) }

func (t *ticket) take(taken *int, limit int) bool {
	t.gate.mu.Lock()
	defer t.gate.mu.Unlock()
	if *taken >= limit {
		return false
	}
	*taken++
	if t.sessions++; t.sessions == 1 {
		t.pool.remove(t)
	}
	return true
}

func (t *ticket) give(taken *int) {
	t.gate.mu.Lock()
	defer t.gate.mu.Unlock()
	*taken--
	if t.sessions--; t.sessions == 0 && !t.left {
		t.pool.waiting = append(t.pool.waiting, t)
	}
}

func (g *gate) isExempt(addr netip.Addr) bool {
	return slices.ContainsFunc(g.exempt, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// address is what one visitor is counted by: an IPv4 address, or the /64
// network that a household or a machine gets in IPv6.
func address(from net.Addr) netip.Addr {
	addr := remoteAddr(from)
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return addr
}
