package service

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"resilab/labs/clock"
)

func TestLRUTrackerKeepsTheMostRecentlyUsed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 8).Draw(t, "size")
		b := newLRUTracker(size)
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
				b.putBack(got[0])
				model = append(model, got[0])
			}
		}
		if n, most := b.held(); n != len(model) || most != size {
			t.Fatalf("%d of %d held, not %d of %d", n, most, len(model), size)
		}
	})
}

func TestEarlyRefreshComesByChance(t *testing.T) {
	now := time.UnixMilli(1_000_000)
	e := Entry{Cost: 200, Expires: now.Add(400 * time.Millisecond).UnixMilli()}
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

// The mean TTL is the setting, also for the longest one.
func TestJitterKeepsTheMean(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, ttl := range []time.Duration{10 * time.Second, LongestTTL} {
		l := newLifetimes(Config{TTL: ttl, TTLJitter: 0.1}, Deps{Clock: clock.New(nil), Draw: rng.Float64}, false)
		var lives []time.Duration
		sum := 0.0
		for range 10_000 {
			lives = append(lives, l.jittered())
			sum += lives[len(lives)-1].Seconds() / 10_000
		}
		slices.Sort(lives)
		if math.Abs(sum-ttl.Seconds()) > 0.005*ttl.Seconds() || lives[0] < ttl*9/10 || lives[len(lives)-1] > ttl*11/10 || lives[len(lives)-1]-lives[0] < ttl*19/100 {
			t.Errorf("a TTL of %s ± 10 %% is from %s to %s, %.2f s on average", ttl, lives[0], lives[len(lives)-1], sum)
		}
	}
}

// What the service cannot have written for a product is not a copy of it, and what it
// has written is read back.
func FuzzDecodeEntry(f *testing.F) {
	for _, seed := range []string{"null", "{}", "[]", "garbage", "", `{"id":1e999}`, `{"id":1,"name":"Laptop","price":1200,"version":1}`,
		`{"id":2,"name":"Mouse","price":25,"version":1,"loaded_ms":5,"expires_ms":9}`, `{"id":1,"loaded_ms":5,"expires_ms":9,"missing":true}`} {
		f.Add([]byte(seed))
	}
	f.Add(Entry{ID: 1, Name: "Laptop", Price: 1200, Version: 3, Loaded: 5, Expires: 9}.encode(3))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := decodeEntry(raw, 1)
		if err != nil {
			return
		}
		if e.ID != 1 || e.Loaded <= 0 || e.Expires <= e.Loaded || !e.Missing && (e.Name == "" || e.Version == 0) {
			t.Errorf("%q is served as %+v", raw, e)
		}
		again, err := decodeEntry(e.encode(0), 1)
		e.Padding = ""
		if err != nil || again != e {
			t.Errorf("%+v is read back as %+v, %v", e, again, err)
		}
	})
}
