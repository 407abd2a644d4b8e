package accounts

import (
	"time"

	"resilab/labs/convoy/ledger"
	"resilab/labs/convoy/transport"
	"resilab/labs/kit"
)

// Totals returns what the ledger has counted.
func (b *Book) Totals() ledger.Totals { return b.ledger.Totals() }

// Causes counts the violations by what caused them.
func (b *Book) Causes() Counts {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sum.causes
}

// Figures adds the metrics that the accounts give.
func (b *Book) Figures(m map[string]float64) {
	t := b.ledger.Totals()
	b.mu.Lock()
	defer b.mu.Unlock()
	m["violations"], m["handled"], m["confirmed"] = float64(t.Violations), float64(t.Handled), float64(t.Confirmed)
	m["duplicates"], m["dead_lettered"], m["gaps"] = float64(t.Duplicates), float64(t.DeadLettered), float64(t.Gaps)
	m["unique_messages"], m["effects"], m["rejected"] = float64(t.Unique), float64(b.sum.effects), float64(b.sum.rejected)
	m["applied_violations"], m["buffer_max"] = float64(b.applied.Totals().Violations), float64(b.sum.heldMax)
	m["redelivered"] = float64(b.sum.redelivered)
	if t.Handled > 0 {
		m["violation_rate"] = float64(t.Violations) / float64(t.Handled)
	}
	b.latencies(m)
	b.wrongAccounts(m)
	if share, ok := b.moved(); ok {
		m["moved"] = share
	}
}

// Resumed reports whether orders were handled in the lane where one was
// dead-lettered.
func (b *Book) Resumed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sum.afterPoison > 0
}

// latencies adds the times from placing an order to applying it. b.mu is held.
func (b *Book) latencies(m map[string]float64) {
	put := func(id string, h *kit.Histogram, q float64) {
		if d, ok := h.Quantile(q); ok {
			m[id] = kit.Millis(d)
		}
	}
	put("p50_ms", &b.sum.latency, 0.5)
	put("p95_ms", &b.sum.latency, 0.95)
	first := &b.users[0]
	put("p95_hot", &first.latency, 0.95)
	var lane, others kit.Histogram
	for i := range b.users[1:] {
		u := &b.users[1+i]
		if u.lane == first.lane && b.opt.Sharded {
			lane.Merge(&u.latency)
		} else {
			others.Merge(&u.latency)
		}
	}
	put("p95_lane", &lane, 0.95)
	put("p95_others", &others, 0.95)
}

// wrongAccounts adds how many users' business went wrong. b.mu is held.
func (b *Book) wrongAccounts(m map[string]float64) {
	wrong := 0
	for i := range b.users {
		if b.users[i].business.wrong(b.opt.Scenario) {
			wrong++
		}
	}
	m["wrong_accounts"] = float64(wrong)
}

// moved is the share of the users seen on both sides of the last change of the
// lanes whose orders now come from another lane. It is known when nine of ten
// users were seen again: the share of a few says nothing. b.mu is held.
func (b *Book) moved() (share float64, ok bool) {
	known, seen, moved := 0, 0, 0
	for i := range b.users {
		u := &b.users[i]
		if u.before != 0 {
			known++
		}
		if u.before == 0 || u.after == 0 {
			continue
		}
		seen++
		if u.before != u.after {
			moved++
		}
	}
	if seen == 0 || seen*10 < known*9 {
		return 0, false
	}
	return float64(moved) / float64(seen), true
}

// Seen returns the share of the users of whom an order has come.
func (b *Book) Seen() float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	seen := 0
	for i := range b.users {
		if b.users[i].lane != 0 {
			seen++
		}
	}
	return float64(seen) / float64(max(1, len(b.users)))
}

// User is what a picture shows of one user.
type User struct {
	Name       string
	Lane       int // the number of the lane the last order came from; 0: none yet
	Recent     []HandledOrder
	Handled    uint64
	Violations uint64
	Duplicates uint64
	Gaps       uint64        // orders that were overtaken and are not handled
	Waiting    int           // orders placed and not handled
	P50, P95   time.Duration // from placing to handling; 0: none handled
	// What the orders have made of the user's business: dollars in the bank,
	// elsewhere the last step done, -1 before the first.
	Balance, Step int
	Wrong         bool // it stands elsewhere than the same orders in order would have brought it
}

// Users returns the first n users, or all where there are fewer.
func (b *Book) Users(n int) []User {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]User, min(n, len(b.users)))
	for i := range all {
		all[i] = b.users[i].picture(i, b.ledger.User(i), b.opt.Scenario)
	}
	return all
}

func (u *user) picture(i int, t ledger.Totals, scenario string) User {
	p := User{Name: transport.UserName(i), Lane: u.lane, Recent: u.recent.last(recentLength), Handled: t.Handled,
		Violations: t.Violations, Duplicates: t.Duplicates, Gaps: t.Gaps,
		Balance: u.business.balance, Step: u.business.lastStep(scenario), Wrong: u.business.wrong(scenario)}
	p.Waiting = int(u.seq) - int(t.Unique) - int(t.DeadLettered)
	if found, ok := u.latency.Quantiles(0.5, 0.95); ok {
		p.P50, p.P95 = found[0], found[1]
	}
	return p
}
