package ledger

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// model is the same ledger written the slow and obvious way.
type model struct {
	confirmed, dead map[uint64]bool
	handledAs       map[uint64]int // the position of an order's first handling
	latest          uint64
	t               Totals
}

func newModel() *model {
	return &model{confirmed: map[uint64]bool{}, dead: map[uint64]bool{}, handledAs: map[uint64]int{}}
}

func (m *model) handled(seq uint64) bool { return m.handledAs[seq] > 0 }

func (m *model) totals() Totals {
	t := m.t
	t.Confirmed, t.Unique, t.DeadLettered = uint64(len(m.confirmed)), uint64(len(m.handledAs)), uint64(len(m.dead))
	for seq := range m.confirmed {
		if !m.handled(seq) && !m.dead[seq] {
			t.Pending++
		}
	}
	for seq := uint64(1); seq <= m.latest; seq++ {
		if !m.handled(seq) {
			t.Gaps++
		}
	}
	for seq, as := range m.handledAs {
		for earlier, earlierAs := range m.handledAs {
			if earlier < seq && earlierAs > as {
				t.Violations++
				break
			}
		}
	}
	return t
}

func (m *model) handle(seq uint64) Verdict {
	m.t.Handled++
	switch {
	case m.handled(seq):
		m.t.Duplicates++
		return Duplicate
	case seq < m.latest:
		m.handledAs[seq] = len(m.handledAs) + 1
		return Late
	default:
		m.handledAs[seq], m.latest = len(m.handledAs)+1, seq
		return InOrder
	}
}

// TestAgainstModel gives the ledger and its model the same history, any history.
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const users = 3
		l := New(users)
		models := []*model{newModel(), newModel(), newModel()}
		for range rapid.IntRange(0, 400).Draw(t, "steps") {
			u := rapid.IntRange(0, users-1).Draw(t, "user")
			seq := rapid.Uint64Range(1, 200).Draw(t, "seq")
			m := models[u]
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0, 1:
				m.confirmed[seq] = true
				l.Confirmed(u, seq)
			case 2:
				if !m.handled(seq) {
					m.dead[seq] = true
				}
				l.DeadLettered(u, seq)
			default:
				latest := m.latest
				got, want := l.Handled(u, seq), m.handle(seq)
				if got.Verdict != want {
					t.Fatalf("user %d order %d: %v, want %v", u, seq, got, want)
				}
				if got.Verdict == Late && got.Overtaker != latest {
					t.Fatalf("order %d was overtaken by %d, want %d", seq, got.Overtaker, latest)
				}
			}
		}
		var sum Totals
		for u, m := range models {
			want := m.totals()
			if got := l.User(u); got != want {
				t.Fatalf("user %d: %+v, want %+v", u, got, want)
			}
			sum = add(sum, want)
		}
		if got := l.Totals(); got != sum {
			t.Fatalf("totals %+v, want %+v", got, sum)
		}
	})
}

func add(a, b Totals) Totals {
	return Totals{a.Handled + b.Handled, a.Unique + b.Unique, a.Violations + b.Violations, a.Duplicates + b.Duplicates,
		a.Confirmed + b.Confirmed, a.DeadLettered + b.DeadLettered, a.Gaps + b.Gaps, a.Pending + b.Pending}
}

// history is what happens to the orders of one user: "c3" confirms the third,
// "h3" handles it, "d3" dead-letters it.
func replay(t *testing.T, l *Ledger, history []string) {
	t.Helper()
	for _, step := range history {
		var what byte
		var seq uint64
		if _, err := fmt.Sscanf(step, "%c%d", &what, &seq); err != nil {
			t.Fatal(err)
		}
		switch what {
		case 'c':
			l.Confirmed(0, seq)
		case 'h':
			l.Handled(0, seq)
		case 'd':
			l.DeadLettered(0, seq)
		}
	}
}

func TestFaults(t *testing.T) {
	for name, tc := range map[string]struct {
		history []string
		want    Totals
	}{
		"in order":                          {[]string{"c1", "c2", "h1", "h2"}, Totals{Handled: 2, Unique: 2, Confirmed: 2}},
		"handled before confirm":            {[]string{"h1", "c1"}, Totals{Handled: 1, Unique: 1, Confirmed: 1}},
		"two swapped":                       {[]string{"c1", "c2", "h2", "h1"}, Totals{Handled: 2, Unique: 2, Confirmed: 2, Violations: 1}},
		"three overtake one":                {[]string{"h2", "h3", "h4", "h1"}, Totals{Handled: 4, Unique: 4, Violations: 3}},
		"one overtakes three":               {[]string{"h4", "h1", "h2", "h3"}, Totals{Handled: 4, Unique: 4, Violations: 1}},
		"overtaken again":                   {[]string{"h3", "h1", "h5", "h2", "h4"}, Totals{Handled: 5, Unique: 5, Violations: 2}},
		"reversed":                          {[]string{"h3", "h2", "h1"}, Totals{Handled: 3, Unique: 3, Violations: 2}},
		"twice":                             {[]string{"c1", "h1", "h1"}, Totals{Handled: 2, Unique: 1, Confirmed: 1, Duplicates: 1}},
		"twice, in disorder":                {[]string{"h2", "h1", "h1", "h2"}, Totals{Handled: 4, Unique: 2, Violations: 1, Duplicates: 2}},
		"lost":                              {[]string{"c1", "c2", "c3", "h1", "h3"}, Totals{Handled: 2, Unique: 2, Confirmed: 3, Gaps: 1, Pending: 1}},
		"not confirmed, missing":            {[]string{"c1", "h1", "h3"}, Totals{Handled: 2, Unique: 2, Confirmed: 1, Gaps: 1}},
		"dead-lettered":                     {[]string{"c1", "c2", "c3", "h1", "d2", "h3"}, Totals{Handled: 2, Unique: 2, Confirmed: 3, DeadLettered: 1, Gaps: 1}},
		"dead-lettered, then handled twice": {[]string{"c1", "d1", "h2", "h1", "h1"}, Totals{Handled: 3, Unique: 2, Confirmed: 1, DeadLettered: 1, Violations: 1, Duplicates: 1}},
		"the same while an earlier one is pending": {[]string{"c1", "c2", "d2", "h3", "h2", "h2"}, Totals{Handled: 3, Unique: 2, Confirmed: 2, DeadLettered: 1, Violations: 1, Duplicates: 1, Gaps: 1, Pending: 1}},
		"confirmed twice":                          {[]string{"c2", "c2", "h1", "h2"}, Totals{Handled: 2, Unique: 2, Confirmed: 1}},
		"confirmed, handled, confirmed":            {[]string{"c1", "h1", "c1"}, Totals{Handled: 1, Unique: 1, Confirmed: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			l := New(1)
			replay(t, l, tc.history)
			if got := l.Totals(); got != tc.want {
				t.Errorf("%+v, want %+v", got, tc.want)
			}
		})
	}
}

// TestSeededHistory makes a long history in order, with faults at known places:
// the ledger must find exactly those.
func TestSeededHistory(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		const n = 5000
		var handled []uint64
		var swaps, dups, lost uint64
		for seq := uint64(1); seq <= n; seq++ {
			switch last := len(handled) - 1; {
			case last > 0 && handled[last] == seq-1 && handled[last-1] != seq-1 && rng.IntN(50) == 0:
				handled[last] = seq
				handled = append(handled, seq-1)
				swaps++
			case rng.IntN(50) == 0:
				handled = append(handled, seq, seq)
				dups++
			case seq < n && rng.IntN(50) == 0:
				lost++ // not handled at all
			default:
				handled = append(handled, seq)
			}
		}
		l := New(1)
		for seq := uint64(1); seq <= n; seq++ {
			l.Confirmed(0, seq)
		}
		for _, seq := range handled {
			l.Handled(0, seq)
		}
		got := l.Totals()
		if got.Violations != swaps || got.Duplicates != dups || got.Pending != lost || got.Gaps != lost {
			t.Errorf("seed %d: %+v, planted %d swaps, %d duplicates, %d losses", seed, got, swaps, dups, lost)
		}
	}
}

func TestWindowIsBounded(t *testing.T) {
	l := New(1)
	l.Confirmed(0, 1) // never handled
	for seq := uint64(2); seq < 3*MaxWindow; seq++ {
		l.Confirmed(0, seq)
		l.Handled(0, seq)
	}
	if got := l.Totals(); got.Pending != 1 || got.Gaps != 1 || got.Duplicates != 0 {
		t.Errorf("one order is lost among many: %+v", got)
	}
	if n := len(l.users[0].window); n > MaxWindow {
		t.Errorf("the window has grown to %d", n)
	}
}

func TestConcurrentUse(t *testing.T) {
	const users, each = 8, 2000
	l := New(users)
	var wg sync.WaitGroup
	for u := range users {
		wg.Go(func() {
			for seq := uint64(1); seq <= each; seq++ {
				l.Handled(u, seq)
			}
		})
		wg.Go(func() {
			for seq := uint64(1); seq <= each; seq++ {
				l.Confirmed(u, seq)
				l.Totals()
			}
		})
	}
	wg.Wait()
	want := Totals{Handled: users * each, Unique: users * each, Confirmed: users * each}
	if got := l.Totals(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestNoAllocation(t *testing.T) {
	l := New(4)
	seq := uint64(0)
	if n := testing.AllocsPerRun(10000, func() {
		seq++
		for u := range 4 {
			l.Confirmed(u, seq)
			l.Handled(u, seq)
		}
	}); n != 0 {
		t.Errorf("%v allocations an order", n)
	}
}

// BenchmarkObservation: one confirm or one handling is one observation.
func BenchmarkObservation(b *testing.B) {
	const users = 64
	l := New(users)
	b.ReportAllocs()
	seq, u := uint64(1), 0
	for i := 0; b.Loop(); i++ {
		if i&1 == 0 {
			l.Confirmed(u, seq)
			continue
		}
		l.Handled(u, seq)
		if u++; u == users {
			u, seq = 0, seq+1
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "obs/s")
}
