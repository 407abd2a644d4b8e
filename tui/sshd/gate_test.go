package sshd

import (
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"
)

func netAddr(s string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(s)) }

// gateTest enters clients and records which are cut.
type gateTest struct {
	*gate
	t   *testing.T
	cut []string
}

func newGateTest(t *testing.T, o Limits) *gateTest { return &gateTest{gate: newGate(o), t: t} }

func (g *gateTest) enter(addr string) *ticket {
	g.t.Helper()
	place, why := g.gate.enter(netAddr(addr), func() { g.cut = append(g.cut, addr) })
	if place == nil {
		g.t.Errorf("%s is refused: %s", addr, why)
	}
	return place
}

func (g *gateTest) refused(addr, want string) {
	g.t.Helper()
	if place, why := g.gate.enter(netAddr(addr), func() {}); place != nil || why != want {
		g.t.Errorf("%s: refusal %q, want %q", addr, why, want)
	}
}

func (g *gateTest) wantCut(want ...string) {
	g.t.Helper()
	if !slices.Equal(g.cut, want) {
		g.t.Errorf("cut %v, want %v", g.cut, want)
	}
}

func TestGateLimitsAnAddress(t *testing.T) {
	g := newGateTest(t, Limits{MaxSessions: 30, MaxPerAddress: 2, Exempt: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	g.now = func() time.Time { return time.Unix(int64(len(g.sources))*1000, 0) }
	a, b := g.enter("1.1.1.1:1"), g.enter("1.1.1.1:2")
	a.authenticate()
	b.authenticate()
	g.now = func() time.Time { return time.Unix(1e6, 0) }
	g.refused("1.1.1.1:3", "too many connections from this address")
	g.refused("[::ffff:1.1.1.1]:4", "too many connections from this address")
	a.leave()
	a.leave()
	g.enter("1.1.1.1:5")
	for _, addr := range []string{"10.0.0.1:1", "10.0.0.1:2", "10.0.0.1:3"} { // exempt
		g.enter(addr).authenticate()
	}
	g.wantCut()
}

func TestGateLimitsSessions(t *testing.T) {
	g := newGateTest(t, Limits{MaxSessions: 3, MaxPerAddress: 2})
	a, b := g.enter("1.1.1.1:1"), g.enter("2.2.2.2:1")
	for _, place := range []*ticket{a, a, b} {
		if !place.takeSession() {
			t.Fatal("no session left")
		}
	}
	if b.takeSession() {
		t.Error("a fourth session")
	}
	a.giveSession()
	if !b.takeSession() {
		t.Error("the session given back is lost")
	}
}

// Silent clients of one address do not lock out another client behind it.
func TestGateMakesRoomWithinAnAddress(t *testing.T) {
	g := newGateTest(t, Limits{MaxSessions: 100, MaxPerAddress: 3})
	now := time.Unix(1000, 0)
	g.now = func() time.Time { now = now.Add(time.Second); return now }
	g.enter("1.1.1.1:1").authenticate()
	g.enter("1.1.1.1:2")
	g.enter("1.1.1.1:3")
	g.enter("1.1.1.1:4")
	g.wantCut("1.1.1.1:2")
	g.enter("1.1.1.1:5")
	g.wantCut("1.1.1.1:2", "1.1.1.1:3")
}

// When the pool is full, the address with the most silent clients makes room:
// neither one that has authenticated, nor one that runs a session, nor one of
// an exempt address.
func TestGateMakesRoomInThePool(t *testing.T) {
	g := newGateTest(t, Limits{MaxSessions: 3, MaxPerAddress: 5, Exempt: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	playing := g.enter("9.9.9.9:1")
	playing.takeSession() // no longer in the pool of six
	g.enter("2.2.2.2:1").authenticate()
	g.enter("3.3.3.3:1")
	for _, addr := range []string{"1.1.1.1:1", "1.1.1.1:2", "1.1.1.1:3", "1.1.1.1:4"} {
		g.enter(addr)
	}
	g.wantCut()
	g.enter("4.4.4.4:1")
	g.wantCut("1.1.1.1:1")
	for range 20 {
		g.enter("10.0.0.1:1").authenticate()
	}
	if len(g.pools[1].waiting) != 6 {
		t.Errorf("%d connections wait in the pool of exempt addresses", len(g.pools[1].waiting))
	}
	g.cut = nil
	playing.giveSession() // the pool holds seven for a moment
	g.enter("5.5.5.5:1")
	g.wantCut("1.1.1.1:2")
}

// On an open server every client can authenticate: those without a session
// make room, too.
func TestGateMakesRoomAmongIdleConnections(t *testing.T) {
	g := newGateTest(t, Limits{MaxSessions: 2, MaxPerAddress: 5})
	for _, addr := range []string{"2.2.2.2:1", "1.1.1.1:1", "1.1.1.1:2", "1.1.1.1:3"} {
		g.enter(addr).authenticate()
	}
	g.enter("3.3.3.3:1")
	g.wantCut("1.1.1.1:1")
}

// An address may send a burst, then a limited rate. Others are not affected,
// and it is forgotten after it has left and waited.
func TestGateLimitsTheRateOfAnAddress(t *testing.T) {
	const burst = 5
	now := time.Unix(1000, 0)
	g := newGate(Limits{MaxSessions: 100, MaxPerAddress: burst})
	g.now = func() time.Time { return now }
	come := func(last byte) (in bool) {
		place, _ := g.enter(&net.TCPAddr{IP: net.IPv4(1, 2, 3, last), Port: 5}, func() {})
		if place != nil {
			place.leave()
		}
		return place != nil
	}
	for i := range burst {
		if !come(4) {
			t.Fatalf("connection %d of a burst of %d is refused", i+1, burst)
		}
	}
	if come(4) {
		t.Error("one more than the burst")
	}
	if !come(5) {
		t.Error("another address is refused, too")
	}
	now = now.Add(arrivalInterval)
	if !come(4) || come(4) {
		t.Error("not exactly one more after the time of one")
	}
	for i := range manySources {
		place, _ := g.enter(&net.TCPAddr{IP: net.IPv4(9, 9, byte(i>>8), byte(i)), Port: 5}, func() {})
		place.leave()
	}
	before := len(g.sources)
	now = now.Add(burst * arrivalInterval)
	come(6)
	if before < manySources || len(g.sources) > 1 {
		t.Errorf("%d addresses are remembered, of %d before", len(g.sources), before)
	}
}

func TestAddressesOfOneIPv6NetworkAreOne(t *testing.T) {
	a := address(&net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 1, Zone: "eth0"})
	b := address(&net.TCPAddr{IP: net.ParseIP("2001:db8::ffff:2"), Port: 2})
	if a != b {
		t.Errorf("%v and %v", a, b)
	}
}
