package sshd

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// maxStartups bounds how many clients may be at the handshake at once: it is
// what costs most and needs no permission.
const maxStartups = 32

// gate counts who is inside. All methods are safe for concurrent use.
type gate struct {
	maxSessions, maxPerAddress int
	exempt                     []netip.Prefix

	mu          sync.Mutex
	startups    int
	connections int
	sessions    int
	perAddress  map[netip.Addr]int
}

func newGate(o Options) *gate {
	return &gate{maxSessions: o.MaxSessions, maxPerAddress: o.MaxPerAddress, exempt: o.Exempt,
		perAddress: map[netip.Addr]int{}}
}

// ticket is one connection's place.
type ticket struct {
	gate     *gate
	addr     netip.Addr
	starting bool
	inside   bool
}

// enter lets a connection in before its handshake; refusal says why not.
// Twice as many connections as sessions are let in, so that whom there is no
// session for can be told so.
func (g *gate) enter(from net.Addr) (t *ticket, refusal string) {
	addr := address(from)
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.startups >= maxStartups:
		return nil, "too many handshakes at once"
	case g.connections >= 2*g.maxSessions:
		return nil, "too many connections"
	case g.perAddress[addr] >= g.maxPerAddress && !g.isExempt(addr):
		return nil, "too many connections from this address"
	}
	g.startups++
	g.connections++
	g.perAddress[addr]++
	return &ticket{gate: g, addr: addr, starting: true, inside: true}, ""
}

// started tells that the handshake is over.
func (t *ticket) started() {
	t.gate.mu.Lock()
	defer t.gate.mu.Unlock()
	if t.starting {
		t.starting = false
		t.gate.startups--
	}
}

// leave gives the place back. A second call does nothing.
func (t *ticket) leave() {
	t.started()
	g := t.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if !t.inside {
		return
	}
	t.inside = false
	g.connections--
	if g.perAddress[t.addr]--; g.perAddress[t.addr] == 0 {
		delete(g.perAddress, t.addr)
	}
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
