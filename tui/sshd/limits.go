package sshd

import (
	"maps"
	"net"
	"net/netip"
	"sync"
	"time"
)

// arrivalPace is how far apart connections of one address may come once it has
// used up its burst, which is as many as may be open: a class that sits behind
// one address comes in at once, a flood costs a few percent of a processor.
const arrivalPace = 50 * time.Millisecond

// manySources is how many addresses are remembered before the ones that have
// left are looked for.
const manySources = 1000

// gate counts who is inside. All methods are safe for concurrent use.
//
// Handshakes under way have no bound of their own: they take a connection's
// place for at most Options.Handshake, and one address has only some of those.
// A smaller bound for all would let one address keep everybody out.
type gate struct {
	maxSessions, maxPerAddress int
	exempt                     []netip.Prefix
	now                        func() time.Time

	mu          sync.Mutex
	connections int
	sessions    int
	sources     map[netip.Addr]*source
}

// source is what is known of one address.
type source struct {
	open int
	// due is when it would have come had it kept the pace (the theoretical
	// arrival time of the generic cell rate algorithm, ITU-T I.371).
	due time.Time
}

func newGate(o Options) *gate {
	return &gate{maxSessions: o.MaxSessions, maxPerAddress: o.MaxPerAddress, exempt: o.Exempt,
		now: time.Now, sources: map[netip.Addr]*source{}}
}

// ticket is one connection's place.
type ticket struct {
	gate   *gate
	source *source
	inside bool
}

// enter lets a connection in before its handshake; refusal says why not.
// Twice as many connections as sessions are let in, so that whom there is no
// session for can be told so.
func (g *gate) enter(from net.Addr) (t *ticket, refusal string) {
	addr := address(from)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.connections >= 2*g.maxSessions {
		return nil, "too many connections"
	}
	s := g.source(addr)
	if !g.isExempt(addr) {
		if refusal := g.admit(s); refusal != "" {
			return nil, refusal
		}
	}
	g.connections++
	s.open++
	return &ticket{gate: g, source: s, inside: true}, ""
}

// admit holds an address to its number of connections and to its pace.
func (g *gate) admit(s *source) (refusal string) {
	if s.open >= g.maxPerAddress {
		return "too many connections from this address"
	}
	now := g.now()
	due := s.due
	if due.Before(now) {
		due = now
	}
	if due.Sub(now) >= time.Duration(g.maxPerAddress)*arrivalPace {
		return "too many new connections from this address"
	}
	s.due = due.Add(arrivalPace)
	return ""
}

// source finds what is known of an address. Where many are, it forgets those
// of which nothing need be remembered.
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

// leave gives the place back. A second call does nothing.
func (t *ticket) leave() {
	g := t.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if !t.inside {
		return
	}
	t.inside = false
	g.connections--
	t.source.open--
}

// linesPerSecond is how many refusals before the handshake are logged: nothing
// else bounds how often a flood is refused, and it must not fill the disk.
const linesPerSecond = 10

// logGate lets some lines a second through. Safe for concurrent use.
type logGate struct {
	mu      sync.Mutex
	second  int64 // since 1970
	lines   int   // in that second
	skipped int   // since the last line
}

// pass tells whether a line may be written now, and how many were not before it.
func (l *logGate) pass(now time.Time) (ok bool, skipped int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if second := now.Unix(); second != l.second {
		l.second, l.lines = second, 0
	}
	if l.lines >= linesPerSecond {
		l.skipped++
		return false, 0
	}
	l.lines++
	skipped, l.skipped = l.skipped, 0
	return true, skipped
}

// takeSession takes one of the sessions; giveSession gives it back.
func (g *gate) takeSession() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.sessions >= g.maxSessions {
		return false
	}
	g.sessions++
	return true
}

func (g *gate) giveSession() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sessions--
}

func (g *gate) isExempt(addr netip.Addr) bool {
	for _, p := range g.exempt {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// address is what one visitor is counted by: an IPv4 address, or the /64
// network that a household or a machine gets in IPv6.
func address(from net.Addr) netip.Addr {
	ap, err := netip.ParseAddrPort(from.String())
	if err != nil {
		return netip.Addr{}
	}
	addr := ap.Addr().Unmap()
	if addr.Is6() {
		if p, err := addr.WithZone("").Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return addr
}

// timeLimits say how long a visitor may stay.
type timeLimits struct {
	idle, stay time.Duration // without a key; in all
	warn       time.Duration // how long before the end it is announced
}

// ending is why a session ends, as a key of the texts.
type ending string

const (
	endIdle     ending = "idle"
	endStay     ending = "stay"
	endShutdown ending = "shutdown"
	endPanic    ending = "panic"
	endNoStart  ending = "nostart"
)

// left returns how much time remains and which limit comes first.
func (l timeLimits) left(now, began, lastKey time.Time) (time.Duration, ending) {
	idle, stay := lastKey.Add(l.idle).Sub(now), began.Add(l.stay).Sub(now)
	if stay < idle {
		return stay, endStay
	}
	return idle, endIdle
}
