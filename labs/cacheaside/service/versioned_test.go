package service

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"resilab/brokers/brokertest"
	"resilab/brokers/redis"
	"resilab/labs/cacheaside/catalog"
	"resilab/labs/cacheaside/measure"
	"resilab/labs/clock"
)

// modelCache behaves as Redis does under the lab's scripts, on the clock of
// the test. Each command takes as long as the plan says on its way there and
// back; in a cut it fails, before or after it took effect.
type modelCache struct {
	plan *plan
	mu   sync.Mutex
	keys map[string]modelKey
}

type modelKey struct {
	value []byte
	fence uint64
	ends  time.Time
}

var errCut = errors.New("cut off")

func (m *modelCache) command(do func(now time.Time) error) error {
	time.Sleep(m.plan.travel())
	cut, lostReply := m.plan.cutNow()
	if cut && !lostReply {
		return errCut
	}
	m.mu.Lock()
	err := do(time.Now())
	m.mu.Unlock()
	time.Sleep(m.plan.travel())
	if cut {
		return errCut
	}
	return err
}

func (m *modelCache) Get(_ context.Context, key string) (value []byte, err error) {
	err = m.command(func(now time.Time) error {
		k, ok := m.keys[key]
		if !ok || !now.Before(k.ends) {
			return redis.ErrMiss
		}
		value = k.value
		return nil
	})
	return value, err
}

func (m *modelCache) Set(_ context.Context, key string, value []byte, ttl time.Duration) error {
	return m.command(func(now time.Time) error {
		m.keys[key] = modelKey{value: value, ends: now.Add(ttl)}
		return nil
	})
}

func (m *modelCache) Delete(_ context.Context, keys ...string) (int64, error) {
	return 0, m.command(func(time.Time) error {
		for _, k := range keys {
			delete(m.keys, k)
		}
		return nil
	})
}

func (m *modelCache) SetIfAbsent(context.Context, string, string, time.Duration) (bool, error) {
	return false, errors.ErrUnsupported
}

func (m *modelCache) GetOrLease(context.Context, string, string, time.Duration) ([]byte, bool, error) {
	return nil, false, errors.ErrUnsupported
}

func (m *modelCache) FillLeased(context.Context, string, string, []byte, time.Duration) error {
	return errors.ErrUnsupported
}

func (m *modelCache) EndLease(context.Context, string, string) error { return errors.ErrUnsupported }

func (m *modelCache) DeleteIf(context.Context, string, string) error { return errors.ErrUnsupported }

func (m *modelCache) FillNewest(_ context.Context, key string, version uint64, value []byte, ttl time.Duration) error {
	return m.command(func(now time.Time) error {
		if f, ok := m.keys[beside(key, fenceKey)]; ok && now.Before(f.ends) && f.fence > version {
			return ErrRefused
		}
		m.keys[key] = modelKey{value: value, ends: now.Add(ttl)}
		return nil
	})
}

func (m *modelCache) Announce(_ context.Context, key string, version uint64, ttl time.Duration) error {
	return m.command(func(now time.Time) error {
		if f, ok := m.keys[beside(key, fenceKey)]; !ok || !now.Before(f.ends) || f.fence < version {
			m.keys[beside(key, fenceKey)] = modelKey{fence: version, ends: now.Add(ttl)}
		}
		delete(m.keys, key)
		return nil
	})
}

// plan is one interleaving: when each actor acts, how long every step takes,
// and when Redis is cut off. Times are milliseconds from the beginning.
type plan struct {
	readers [2][]int // pauses before each read
	writer  []int    // pauses before each write
	travels []int    // of the commands, in turn
	db      int
	fill    int
	cuts    [][2]int
	lost    []bool // per command in a cut: it took effect, the reply was lost

	mu         sync.Mutex
	begin      time.Time
	nextTravel int
	nextLost   int
}

// drawPlan draws from a few telling times: drawn from a whole range they would
// nearly all be short, and no copy would ever come to its end.
func drawPlan(t *rapid.T, withCuts bool) *plan {
	oneOf := func(ms ...int) *rapid.Generator[int] { return rapid.SampledFrom(ms) }
	pauses := rapid.SliceOfN(oneOf(0, 5, 20, 60, 150), 5, 15)
	p := &plan{
		readers: [2][]int{pauses.Draw(t, "reader 1"), pauses.Draw(t, "reader 2")},
		writer:  rapid.SliceOfN(oneOf(0, 10, 50, 150, 400), 1, 5).Draw(t, "writer"),
		travels: rapid.SliceOfN(oneOf(0, 1, 5, 20, planWay), 1, 20).Draw(t, "travels"),
		db:      oneOf(0, 10, 40, 80).Draw(t, "db"),
		fill:    oneOf(0, 20, 80, 150).Draw(t, "fill delay"),
	}
	if withCuts {
		cut := rapid.Custom(func(t *rapid.T) [2]int {
			from := oneOf(0, 50, 150, 300, 600).Draw(t, "from")
			return [2]int{from, from + oneOf(10, 50, 150, 400).Draw(t, "for")}
		})
		p.cuts = rapid.SliceOfN(cut, 1, 3).Draw(t, "cuts")
		p.lost = rapid.SliceOfN(rapid.Bool(), 1, 8).Draw(t, "lost replies")
	}
	return p
}

func (p *plan) travel() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.nextTravel++
	return time.Duration(p.travels[p.nextTravel%len(p.travels)]) * time.Millisecond
}

func (p *plan) cutNow() (cut, lostReply bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := int(time.Since(p.begin).Milliseconds())
	for _, c := range p.cuts {
		if at >= c[0] && at < c[1] {
			p.nextLost++
			return true, p.lost[p.nextLost%len(p.lost)]
		}
	}
	return false, false
}

// What the service states about versioned fills: where Redis can be told of a
// change, no read that begins after it was told is stale; where it cannot, no
// copy outlives its truth by more than the TTL and the way of one command to
// Redis: a life that counts from the reading of the database is sent, and begins
// when it arrives.
const (
	planTTL     = 300 * time.Millisecond
	planTimeout = time.Second
	planWay     = 60 // ms, the longest way of a command
	planStale   = planTTL + planWay*time.Millisecond
)

// stage is a service in the world of a plan.
type stage struct {
	*Service
	cache    *modelCache
	products *measure.Products
	counters *measure.Counters
}

// newStage returns a service over the model, from inside a synctest bubble.
func newStage(t *testing.T, p *plan, invalidate string) stage {
	db, err := catalog.Open(t.Context(), catalog.InMemory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Fill(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	p.begin = time.Now()
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	cfg := Config{TTL: planTTL, Timeout: planTimeout, FillDelay: ms(p.fill), Instances: 2, Strategy: StrategyNone, Invalidate: invalidate,
		Database: DatabaseConfig{Latency: ms(p.db), WriteTime: ms(p.db), Spread: SpreadFixed}, Failure: FailureConfig{Open: true}}
	lab := clock.New(nil)
	st := stage{cache: &modelCache{plan: p, keys: map[string]modelKey{}}, counters: &measure.Counters{}, products: measure.NewProducts([]uint64{1}, nil, nil)}
	st.Service = New(cfg, Deps{Prefix: "t:", Clock: lab, Store: st.cache, Catalog: db, Outage: &Outage{},
		Products: st.products, Counters: st.counters, Health: measure.NewHealth(lab.Now, func(error, time.Duration) {}), Draw: func() float64 { return 0.5 },
		Lost: func(int, error) {}, Run: t.Context(), Go: func(do func(context.Context)) { do(t.Context()) }})
	return st
}

// The cost that a copy carries, δ of XFetch, is what its reader waited for: the
// database and the delay before the copy was written.
func TestTheCostIsWhatAReaderWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, &plan{travels: []int{0}, db: 20, fill: 400}, InvalidateAfter)
		began := time.Now()
		if _, err := st.Read(t.Context(), 1, began); err != nil {
			t.Fatal(err)
		}
		waited := time.Since(began)
		for key, kept := range st.cache.keys {
			if e, err := decodeEntry(kept.value, 1); err != nil || e.Cost != 420 || waited != 420*time.Millisecond {
				t.Errorf("%s costs %v ms, its reader waited %s; %v", key, e.Cost, waited, err)
			}
		}
		if len(st.cache.keys) != 1 {
			t.Errorf("%d copies", len(st.cache.keys))
		}
	})
}

// act plays a plan and returns the first read that breaks the statement.
func act(t *testing.T, p *plan, invalidate string) (broken string) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, p, invalidate)
		products, counters := s.products, s.counters
		ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
		var mu sync.Mutex
		told := uint64(1) // newest version that Redis was told of
		var actors sync.WaitGroup
		for _, pauses := range p.readers {
			actors.Go(func() {
				for _, pause := range pauses {
					time.Sleep(ms(pause))
					mu.Lock()
					knew := told
					mu.Unlock()
					began := time.Now()
					a, err := s.Read(t.Context(), 1, began)
					if err != nil {
						continue
					}
					late := began.Sub(products.Of(1).Overtaken(a.Version, began))
					if a.Version < knew || late > planStale {
						mu.Lock()
						broken = fmt.Sprintf("a read at %s returned version %d, %s after it was overtaken; Redis knew of %d",
							began.Sub(p.begin), a.Version, late, knew)
						mu.Unlock()
					}
				}
			})
		}
		actors.Go(func() {
			for i, pause := range p.writer {
				time.Sleep(ms(pause))
				lost := counters.Writes.LostInvalidations.Load()
				product, err := s.Write(t.Context(), 1, float64(i))
				if err == nil && counters.Writes.LostInvalidations.Load() == lost {
					mu.Lock()
					told = max(told, product.Version)
					mu.Unlock()
				}
			}
		})
		actors.Wait()
	})
	return broken
}

func TestVersionedFillsKeepTheirStatement(t *testing.T) {
	// The rarest weakness shows in one of fifty plans.
	for _, c := range []struct {
		name     string
		withCuts bool
		hundreds int
	}{{"calm", false, 1}, {"with cuts", true, 3}} {
		t.Run(c.name, func(t *testing.T) {
			for range c.hundreds {
				rapid.Check(t, func(rt *rapid.T) {
					if broken := act(t, drawPlan(rt, c.withCuts), InvalidateVersioned); broken != "" {
						rt.Fatal(broken)
					}
				})
			}
		})
	}
}

// The same statement does not hold for deleting after the write: a reader that
// read the old row before, and fills after the deletion, brings it back.
func TestDeletingAfterTheWriteBreaksTheStatement(t *testing.T) {
	p := &plan{readers: [2][]int{{0, 100, 100}, {150}}, writer: []int{0}, travels: []int{1}, db: 10, fill: 50}
	if broken := act(t, p, InvalidateAfter); broken == "" {
		t.Error("no stale read was found: the test is blind")
	}
	p.nextTravel = 0
	if broken := act(t, p, InvalidateVersioned); broken != "" {
		t.Error(broken)
	}
}

// The model must do what the scripts make Redis do.
func TestModelMatchesRedis(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		client, err := redis.Open(url, redis.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		store := NewStore(client, clock.New(nil))
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			key, ctx := fmt.Sprintf("t:%d", round), context.Background()
			model := &modelCache{plan: &plan{travels: []int{0}}, keys: map[string]modelKey{}}
			for range rapid.IntRange(1, 8).Draw(rt, "steps") {
				version := rapid.Uint64Range(1, 4).Draw(rt, "version")
				do := rapid.SampledFrom([]func(Store) error{
					func(c Store) error { return c.Announce(ctx, key, version, time.Minute) },
					func(c Store) error {
						return c.FillNewest(ctx, key, version, fmt.Append(nil, version), time.Minute)
					},
					func(c Store) error { _, err := c.Delete(ctx, key); return err },
				}).Draw(rt, "command")
				if got, want := do(store), do(model); !errors.Is(got, want) {
					rt.Fatalf("Redis says %v, the model %v", got, want)
				}
				got, err := store.Get(ctx, key)
				want, wantErr := model.Get(ctx, key)
				if string(got) != string(want) || !errors.Is(err, wantErr) {
					rt.Fatalf("in Redis is %s, %v; in the model %s, %v", got, err, want, wantErr)
				}
			}
		})
	})
}

// A lock is given back only by its holder.
func TestForeignLockIsKept(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := openStore(t, url), t.Context()
		for i, want := range []bool{true, false} {
			if mine, err := s.SetIfAbsent(ctx, "t:lock", "me", time.Minute); mine != want || err != nil {
				t.Errorf("taking it, time %d: %v, %v", i+1, mine, err)
			}
		}
		for _, who := range []string{"you", "me"} {
			if err := s.DeleteIf(ctx, "t:lock", who); err != nil {
				t.Fatal(err)
			}
			held, err := s.Get(ctx, "t:lock")
			if gone := errors.Is(err, redis.ErrMiss); gone != (who == "me") {
				t.Errorf("after it was given back by %s: %s, %v", who, held, err)
			}
		}
	})
}

// The lease of Nishtala et al.: one reader gets it, only with it a fill is stored,
// and a delete voids it.
func TestADeleteVoidsTheLease(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := openStore(t, url), t.Context()
		get := func(token string, wantMine bool) {
			t.Helper()
			if value, mine, err := s.GetOrLease(ctx, "t:1", token, time.Minute); value != nil || mine != wantMine || !errors.Is(err, redis.ErrMiss) {
				t.Errorf("%s gets %q, %v, %v", token, value, mine, err)
			}
		}
		get("a", true)
		get("b", false)
		if _, err := s.Delete(ctx, "t:1", beside("t:1", leaseKey)); err != nil {
			t.Fatal(err)
		}
		if err := s.FillLeased(ctx, "t:1", "a", []byte("old"), time.Minute); !errors.Is(err, ErrRefused) {
			t.Errorf("a fill with a void lease: %v", err)
		}
		get("c", true)
		if err := s.FillLeased(ctx, "t:1", "c", []byte("new"), time.Minute); err != nil {
			t.Error(err)
		}
		if value, mine, err := s.GetOrLease(ctx, "t:1", "d", time.Minute); string(value) != "new" || mine || err != nil {
			t.Errorf("after the fill: %q, %v, %v", value, mine, err)
		}
	})
}

func openStore(t *testing.T, url string) Store {
	t.Helper()
	client, err := redis.Open(url, redis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return NewStore(client, clock.New(nil))
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// onBoth runs a test against the embedded Redis and against a real one.
func onBoth(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("embedded", func(t *testing.T) {
		e, err := redis.StartEmbedded("")
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		test(t, e.URL())
	})
	t.Run("real", func(t *testing.T) { test(t, brokertest.Redis(t).URL()) })
}
