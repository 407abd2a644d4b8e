package convoy

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"resilab/labs/lab"
	"resilab/labs/labtest"
)

func TestOrderSurvivesItsMessage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := order{n: rapid.Uint64().Draw(t, "n"), user: rapid.IntRange(0, 10000).Draw(t, "user"), seq: rapid.Uint64Min(1).Draw(t, "seq")}
		got, err := decodeOrder(want.encode(time.UnixMilli(rapid.Int64Range(0, 1<<41).Draw(t, "at"))))
		if err != nil || got != want {
			t.Fatalf("%+v comes back as %+v, %v", want, got, err)
		}
	})
}

func FuzzDecodeOrder(f *testing.F) {
	f.Add([]byte(`{"orderId":"order-1","user":"user1","seq":1,"timestamp":1}`))
	f.Add([]byte(`{"orderId":"x","user":"user0","seq":0}`))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := decodeOrder(body)
		if err == nil && (o.user < 0 || o.seq < 1) {
			t.Errorf("%q is read as %+v", body, o)
		}
	})
}

// TestWorkBelongsToTheOrder: the spread decides how long, not when or where.
func TestWorkBelongsToTheOrder(t *testing.T) {
	const n, mean = 20000, 10 * time.Millisecond
	for spread, limit := range map[string]time.Duration{spreadConstant: mean, spreadUniform: 2 * mean, spreadExponential: 10 * mean} {
		c := config{work: mean, spread: spread, slow: 3, seed: 7}
		sum := time.Duration(0)
		for i := range uint64(n) {
			w := c.workOf(i, 1)
			if w < 0 || w > limit || w != c.workOf(i, 5) || c.workOf(i, 0) < 3*w-3 {
				t.Fatalf("%s: order %d takes %s, of the slow user %s", spread, i, w, c.workOf(i, 0))
			}
			sum += w
		}
		if got := sum / n; got < mean*97/100 || got > mean*103/100 {
			t.Errorf("%s: mean %s, want %s", spread, got, mean)
		}
	}
}

func TestPicker(t *testing.T) {
	const n = 50000
	for popularity, want := range map[string][]float64{ // the shares of users 1, 2 and 5
		popularityUniform: {0.2, 0.2, 0.2}, popularityTurns: {0.2, 0.2, 0.2},
		popularityZipf: {0.438, 0.219, 0.0876}, popularityHot: {0.4, 0.15, 0.15},
	} {
		p := newPicker(&config{popularity: popularity, users: 5, seed: 3})
		again := newPicker(&config{popularity: popularity, users: 5, seed: 3})
		var count [5]float64
		for i := range n {
			u := p.pick()
			if u != again.pick() {
				t.Fatalf("%s: the same seed picks somebody else", popularity)
			}
			if popularity == popularityTurns && u != i%5 {
				t.Fatalf("turn %d is user %d's", i, u)
			}
			count[u]++
		}
		for i, u := range []int{0, 1, 4} {
			if got := count[u] / n; math.Abs(got-want[i]) > 0.015 {
				t.Errorf("%s: user %d has %.3f of the orders, want %.3f", popularity, u+1, got, want[i])
			}
		}
	}
}

// TestHistogram: a quantile is off by less than a bucket's width.
func TestHistogram(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		us := rapid.SliceOfN(rapid.IntRange(20, 60_000_000), 1, 300).Draw(t, "microseconds")
		q := rapid.SampledFrom([]float64{0.5, 0.95}).Draw(t, "q")
		var h histogram
		for _, d := range us {
			h.add(time.Duration(d) * time.Microsecond)
		}
		slices.Sort(us)
		want := float64(us[int(math.Ceil(q*float64(len(us))))-1]) / 1000
		got, ok := h.quantile(q)
		if !ok || got < want*0.95 || got > want*1.05 {
			t.Fatalf("quantile %v of %v is %v ms, want %v ms", q, us, got, want)
		}
	})
	var empty histogram
	if _, ok := empty.quantile(0.5); ok {
		t.Error("an empty histogram has a median")
	}
}

func TestStopwatch(t *testing.T) {
	at := time.Unix(1000, 0)
	var s stopwatch
	s.start(at)
	s.start(at.Add(time.Second)) // running already
	s.stop(at.Add(3 * time.Second))
	s.stop(at.Add(5 * time.Second))
	s.start(at.Add(10 * time.Second))
	if got := s.elapsed(at.Add(11 * time.Second)); got != 4*time.Second {
		t.Errorf("%s", got)
	}
}

// An order between the broker and its consumer is seen nowhere for a moment: it
// is not lost.
func TestOneLookIsNotEnoughForALoss(t *testing.T) {
	at := time.Unix(1000, 0)
	var s stillness
	look := func(after time.Duration, nothing, want bool) {
		t.Helper()
		if at = at.Add(after); s.lasts(nothing, at) != want {
			t.Errorf("after %s more: %v", after, !want)
		}
	}
	look(0, true, false)
	look(quiet/2, true, false)
	look(quiet/4, false, false) // there it is
	look(quiet/4, true, false)
	look(quiet/2, true, false)
	look(quiet/2, true, true)
}

func TestAccounts(t *testing.T) {
	for name, tc := range map[string]struct {
		scenario string
		seqs     []uint64
		refused  int
		wrong    bool
	}{
		"bank in order":          {scenarioBank, []uint64{1, 2, 3}, 0, false},
		"withdrawn too early":    {scenarioBank, []uint64{2, 1}, 1, true},
		"shop in order":          {scenarioShop, []uint64{1, 2, 3, 4}, 0, false},
		"paid before reserved":   {scenarioShop, []uint64{2, 1, 3}, 2, true},
		"delivered, then loaded": {scenarioParcel, []uint64{1, 2, 4, 3}, 1, true},
		"tenant, two rounds":     {scenarioTenant, []uint64{1, 2, 3, 4, 5, 6}, 0, false},
	} {
		var a account
		refused := 0
		for _, seq := range tc.seqs {
			a.distinct++
			if !a.do(tc.scenario, seq) {
				refused++
			}
		}
		if refused != tc.refused || a.wrong(tc.scenario) != tc.wrong {
			t.Errorf("%s: %d refused, wrong is %v", name, refused, a.wrong(tc.scenario))
		}
	}
}

func TestGuestsHaveLimits(t *testing.T) {
	for id, text := range map[string]string{"rate": "5000", "users": "200", "lanes": "12"} {
		l := New(lab.Env{Open: labtest.Brokers(map[string]string{lab.AMQP: "amqp://127.0.0.1:1/"}), Namespace: "guest", Guest: true})
		var refused *lab.KnobError
		if err := l.Start(t.Context(), settings(t, turned{id: text}), 1); !errors.As(err, &refused) || refused.Knob != id {
			t.Errorf("%s %s: %v", id, text, err)
		}
		if err := l.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

func TestStripKeepsTheNewest(t *testing.T) {
	var s strip
	for seq := range uint64(stripLength + 5) {
		s.put(Stamp{Seq: seq})
	}
	last := s.last(3)
	if len(last) != 3 || last[2].Seq != stripLength+4 || last[0].Seq != stripLength+2 {
		t.Errorf("%v", last)
	}
	if n := len(s.last(1000)); n != stripLength {
		t.Errorf("%d are kept", n)
	}
}

func TestRoutes(t *testing.T) {
	if r := newRoutes(12, []int{2, 3, 4, 5}); r.Of[0][0] != 2 || r.Of[10][0] != 4 { // the first lane was removed
		t.Errorf("%v", r.Of)
	}
	r := newRoutes(12, []int{1, 2, 3, 4})
	if len(r.Of) != 12 || r.Of[0][0] != 1 || r.Of[10][0] != 3 { // as a real exchange routes user1 and user11
		t.Errorf("%v", r.Of)
	}
	near := func(got []float64, want ...float64) {
		t.Helper()
		for i := range want {
			if math.Abs(got[i]-want[i]) > 0.03 {
				t.Errorf("%s: %.3f of the keys move, want about %.2f", r.Systems[i], got[i], want[i])
			}
		}
	}
	near(r.Grown, 0.20, 0.80, 0.25)
	near(r.Shrunk, 0.25, -1, 0.50)
	if one := newRoutes(3, []int{1}); one.Shrunk[0] != -1 || one.Shrunk[2] != -1 {
		t.Errorf("the only lane is removed: %v", one.Shrunk)
	}
}
