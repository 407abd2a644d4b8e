package cacheaside

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"resilab/labs/cacheaside/catalog"
)

func TestHistogramIsRightWithinSixPercent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		micros := rapid.SliceOfN(rapid.Int64Range(0, 3_600_000_000), 1, 200).Draw(t, "µs")
		var h histogram
		for _, us := range micros {
			h.add(time.Duration(us) * time.Microsecond)
		}
		slices.Sort(micros)
		s := h.summary()
		if s.n != int64(len(micros)) {
			t.Fatalf("%d of %d counted", s.n, len(micros))
		}
		for _, c := range []struct {
			q   float64
			got time.Duration
		}{{0.5, s.p50}, {0.99, s.p99}} {
			want := float64(micros[int(math.Ceil(c.q*float64(len(micros))))-1])
			got := float64(c.got) / float64(time.Microsecond)
			if math.Abs(got-want) > 0.04*want+1 {
				t.Fatalf("quantile %g is %g, not %g", c.q, got, want)
			}
		}
	})
}

func TestBoundKeepsTheMostRecentlyUsed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 8).Draw(t, "size")
		b := newBound(size)
		var model []int // most recently used first
		use := func(id int) {
			model = slices.DeleteFunc(model, func(x int) bool { return x == id })
			model = append([]int{id}, model...)
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			id := rapid.IntRange(1, 12).Draw(t, "id")
			if rapid.Bool().Draw(t, "touch") {
				b.touch(id)
				if slices.Contains(model, id) {
					use(id)
				}
				continue
			}
			use(id)
			var want []int
			if len(model) > size {
				want = slices.Clone(model[size:])
				slices.Reverse(want)
				model = model[:size]
			}
			got := b.add(id)
			if !slices.Equal(got, want) {
				t.Fatalf("%v have to go, not %v", want, got)
			}
			if len(got) == 1 && rapid.Bool().Draw(t, "it cannot") {
				b.keep(got[0])
				model = append(model, got[0])
			}
		}
		if n, most := b.held(); n != len(model) || most != size {
			t.Fatalf("%d of %d held, not %d of %d", n, most, len(model), size)
		}
	})
}

func TestPopularityFollowsZipf(t *testing.T) {
	const draws = 200_000
	for _, skew := range []float64{0, 1, 1.2} {
		p, rng := newPopularity(100, skew), rand.New(rand.NewPCG(1, 1))
		counts := make([]float64, 101)
		for range draws {
			counts[p.draw(rng)]++
		}
		for _, rank := range []int{2, 5, 10} {
			want := math.Pow(float64(rank), -skew)
			if got := counts[rank] / counts[1]; math.Abs(got-want) > 0.1*want {
				t.Errorf("skew %g: product %d is asked for %.3f times as often as the first, not %.3f", skew, rank, got, want)
			}
		}
	}
}

func TestTheJudge(t *testing.T) {
	j := newJudge([]uint64{1}, nil)
	p, t0 := j.of(1), time.Unix(1000, 0)
	at := func(s int) time.Time { return t0.Add(time.Duration(s) * time.Second) }
	early := p.witness()
	p.committed(catalog.Product{ID: 1, Version: 2}, at(1))
	p.committed(catalog.Product{ID: 1, Version: 3}, at(5))
	for name, c := range map[string]struct {
		w       witness
		version uint64
		want    verdict
	}{
		"the truth":                        {p.witness(), 3, verdict{}},
		"a write beside the read":          {early, 1, verdict{}},
		"one change behind":                {p.witness(), 2, verdict{stale: true, age: 5 * time.Second}},
		"two changes behind":               {p.witness(), 1, verdict{stale: true, age: 9 * time.Second}},
		"newer than was known":             {early, 3, verdict{}},
		"older than what was read already": {witness{version: 1, seen: 2}, 1, verdict{inverted: true}},
	} {
		if got := p.judge(c.w, c.version, at(10)); got != c.want {
			t.Errorf("%s: %+v, not %+v", name, got, c.want)
		}
	}
	if j.of(0) != nil || j.of(2) != nil {
		t.Error("it knows products that are not there")
	}
}

func TestLoadsBelongToTheirExpiry(t *testing.T) {
	p, t0 := newJudge([]uint64{1}, nil).of(1), time.Unix(1000, 0)
	step := func(s int) time.Time { return t0.Add(time.Duration(s) * time.Second) }
	if expiry, first := p.loadBegins(step(0)); expiry || first {
		t.Error("the first copy of all counts as an expiry")
	}
	p.filled(entry{Version: 1}, step(1))
	if expiry, first := p.loadBegins(step(0)); expiry || first {
		t.Error("a straggler of the first copy counts as an expiry")
	}
	for i, want := range []bool{true, false, false} {
		if expiry, first := p.loadBegins(step(3)); !expiry || first != want {
			t.Errorf("load %d of an expiry: %v, first %v", i+1, expiry, first)
		}
	}
	if loads, open := p.loadsOfCycle(); loads != 3 || !open {
		t.Errorf("%d loads, open %v", loads, open)
	}
	p.filled(entry{Version: 1}, step(4))
	if expiry, first := p.loadBegins(step(3)); !expiry || first {
		t.Error("a straggler opens an expiry of its own")
	}
}

func TestNoObservationIsLost(t *testing.T) {
	r := newRun(context.Background(), config{instances: 1, eviction: evictionLab}, nil, newJudge([]uint64{5}, nil), 1)
	var all sync.WaitGroup
	const actors, each = 8, 20_000
	for range actors {
		all.Go(func() {
			for i := range each {
				truth := r.judge.of(1)
				a := answer{entry: entry{ID: 1, Version: 5 - uint64(i%2)}, source: FromCache}
				r.count(a, truth.witness(), time.Millisecond, time.Now())
				r.sentence(truth, truth.witness(), a, time.Now())
			}
		})
	}
	all.Wait()
	if hits, stale := r.meter.hits.Load(), r.meter.stale.Load(); hits != actors*each || stale != actors*each/2 {
		t.Errorf("%d hits and %d stale of %d", hits, stale, actors*each)
	}
}

func TestEarlyRefreshComesByChance(t *testing.T) {
	now := time.UnixMilli(1_000_000)
	e := entry{Cost: 200, Expires: now.Add(400 * time.Millisecond).UnixMilli()}
	rng, due := rand.New(rand.NewPCG(1, 1)), 0
	const draws = 100_000
	for range draws {
		if e.dueEarly(now, 1, rng.Float64()) {
			due++
		}
	}
	// P(−δ·ln u ≥ 400 ms) = e^(−400/200)
	if got, want := float64(due)/draws, math.Exp(-2); math.Abs(got-want) > 0.005 {
		t.Errorf("400 ms before its end a copy is refreshed with probability %.4f, not %.4f", got, want)
	}
	if e.dueEarly(now, 0, 0.999) || !e.dueEarly(now.Add(time.Second), 0, 0) {
		t.Error("with β = 0 only an expired copy is due")
	}
}

func TestRatesOfASecondThatMovesOn(t *testing.T) {
	var p perSecond
	at := func(ms int) time.Time { return time.UnixMilli(1_000_000 + int64(ms)) }
	check := func(ms int, wantLast, wantPeak int64) {
		t.Helper()
		if last, peak := p.rate(at(ms)); last != wantLast || peak != wantPeak {
			t.Errorf("at %d ms: %d in the last second and %d at the peak, not %d and %d", ms, last, peak, wantLast, wantPeak)
		}
	}
	burst := func(ms int) {
		for range 40 {
			p.add(at(ms))
		}
	}
	burst(950) // across the end of a second of the clock
	burst(1050)
	burst(990) // comes late: counts with what was there already
	check(1099, 40, 120)
	check(1100, 120, 120)
	check(1999, 120, 120)
	check(2000, 80, 120)
	check(2100, 0, 120)
	p.add(at(60_000))
	check(60_100, 1, 120)
	check(600_000, 0, 120)
}

func TestJitterSpreadsEvenTheLongestTTL(t *testing.T) {
	for _, ttl := range []time.Duration{10 * time.Second, longestTTL} {
		r := newRun(t.Context(), config{ttl: ttl, ttlJitter: 0.1, eviction: evictionLab}, nil, newJudge(nil, nil), 1)
		var lives []time.Duration
		for range 1000 {
			lives = append(lives, r.spreadTTL())
		}
		slices.Sort(lives)
		width, most := lives[999]-lives[0], lives[999]
		if most > longestTTL || width < ttl/6 || lives[500]-lives[0] < width*4/10 || most-lives[500] < width*4/10 {
			t.Errorf("a TTL of %s ± 10 %% is from %s by %s to %s", ttl, lives[0], lives[500], most)
		}
	}
}

func TestTheDatabaseIsNeverAskedBeyondTheLimit(t *testing.T) {
	const limit = 10
	m := &meter{}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for range 2000 {
				if m.admit(limit) {
					m.leave()
				}
			}
		})
	}
	all.Wait()
	if most, left := m.inFlightHi.Load(), m.inFlight.Load(); most > limit || left != 0 {
		t.Errorf("%d at a time, %d left", most, left)
	}
}

func TestHiddenNewcomer(t *testing.T) {
	var n newcomer
	t0 := time.Unix(1000, 0)
	n.denied(7, t0)
	n.enters(7, t0.Add(time.Second))
	n.denied(7, t0) // it began before the product was there
	n.denied(8, t0.Add(5*time.Second))
	if n.longestHidden() != 0 {
		t.Error("what was never there was hidden")
	}
	n.denied(7, t0.Add(3*time.Second))
	if n.longestHidden() != 2*time.Second {
		t.Errorf("hidden for %s", n.longestHidden())
	}
}

func TestHealthTellsOnlyChanges(t *testing.T) {
	now := time.Unix(1000, 0)
	var told []string
	h := &health{now: func() time.Time { return now }, changed: func(err error, away time.Duration) {
		if err != nil {
			told = append(told, "down")
			return
		}
		told = append(told, "up after "+away.String())
	}}
	h.up()
	h.down(errors.New("a"))
	h.down(errors.New("b"))
	now = now.Add(3 * time.Second)
	h.up()
	h.up()
	if !slices.Equal(told, []string{"down", "up after 3s"}) {
		t.Errorf("told %v", told)
	}
}

func FuzzDecodeEntry(f *testing.F) {
	f.Add(entry{ID: 1, Name: "Laptop", Price: 1200, Version: 3}.encode(0))
	f.Add([]byte(`{"id":1e999}`))
	f.Add([]byte("garbage"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := decodeEntry(raw)
		if err != nil {
			return
		}
		again, err := decodeEntry(e.encode(0))
		e.Padding = ""
		if err != nil || again != e {
			t.Errorf("%+v is read back as %+v, %v", e, again, err)
		}
	})
}
