package chash

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

func TestRing(t *testing.T) {
	var r Ring
	if _, ok := r.Route(1); ok || r.Len() != 0 {
		t.Error("an empty ring routed")
	}
	if r.Bind("none", 0) || r.Bind("none", -3) {
		t.Error("a weight below 1 was bound")
	}
	if !r.Bind("a", 2) || r.Bind("a", 5) || !r.Bind("b", 3) {
		t.Error("want a bound once, then b")
	}
	if r.Len() != 5 {
		t.Errorf("%d buckets, want 5: the second binding of a queue counts for nothing", r.Len())
	}
	r.Unbind("missing")
	r.Unbind("a")
	if q, ok := r.Route(Hash("any")); !ok || q != "b" || r.Len() != 3 {
		t.Errorf("after unbinding a: %q, %v, %d buckets", q, ok, r.Len())
	}
}

// TestMovedKeys pins the shares that were counted on a RabbitMQ 3.10.8 with
// 10,000 keys, to the two figures they were noted with.
func TestMovedKeys(t *testing.T) {
	ring := func(queues ...int) *Ring {
		r := new(Ring)
		for _, q := range queues {
			r.Bind(strconv.Itoa(q), 1)
		}
		return r
	}
	for _, tt := range []struct {
		change   string
		from, to *Ring
		percent  float64
	}{
		{"3 to 4 queues", ring(0, 1, 2), ring(0, 1, 2, 3), 25},
		{"4 to 5 queues", ring(0, 1, 2, 3), ring(0, 1, 2, 3, 4), 20},
		{"first of 4 removed", ring(0, 1, 2, 3), ring(1, 2, 3), 92},
		{"second of 4 removed", ring(0, 1, 2, 3), ring(0, 2, 3), 67},
		{"third of 4 removed", ring(0, 1, 2, 3), ring(0, 1, 3), 42},
		{"last of 4 removed", ring(0, 1, 2, 3), ring(0, 1, 2), 25},
	} {
		const keys = 10_000
		moved := 0
		for k := range keys {
			h := Hash(fmt.Sprintf("user-%d", k))
			a, _ := tt.from.Route(h)
			b, _ := tt.to.Route(h)
			if a != b {
				moved++
			}
		}
		if got := 100 * float64(moved) / keys; got < tt.percent-1.5 || got > tt.percent+1.5 {
			t.Errorf("%s: %.1f %% of the keys moved, want about %.0f %%", tt.change, got, tt.percent)
		}
	}
}

// TestRingAgainstBuckets compares the runs of buckets with the plain list of
// buckets that RabbitMQ keeps, over random bindings.
func TestRingAgainstBuckets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var ring Ring
		var buckets []string
		t.Repeat(map[string]func(*rapid.T){
			"bind": func(t *rapid.T) {
				q, w := rapid.StringMatching(`[a-f]`).Draw(t, "queue"), rapid.IntRange(1, 9).Draw(t, "weight")
				if bound := ring.Bind(q, w); bound == slices.Contains(buckets, q) {
					t.Fatalf("Bind(%s) = %v with %v", q, bound, buckets)
				} else if bound {
					buckets = append(buckets, slices.Repeat([]string{q}, w)...)
				}
			},
			"unbind": func(t *rapid.T) {
				q := rapid.StringMatching(`[a-f]`).Draw(t, "queue")
				ring.Unbind(q)
				buckets = slices.DeleteFunc(buckets, func(b string) bool { return b == q })
			},
			"": func(t *rapid.T) {
				if ring.Len() != len(buckets) {
					t.Fatalf("%d buckets, want %d", ring.Len(), len(buckets))
				}
				if len(buckets) == 0 {
					return
				}
				h := rapid.Uint32Range(0, mask27).Draw(t, "hash")
				if got, _ := ring.Route(h); got != buckets[jump(h, int64(len(buckets)))] {
					t.Fatalf("Route(%d) = %s with %v", h, got, buckets)
				}
			},
		})
	})
}

// TestAddingMovesKeysOnlyToTheNewQueue is the promise of jump hashing.
func TestAddingMovesKeysOnlyToTheNewQueue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var ring Ring
		for i, w := range rapid.SliceOfN(rapid.IntRange(1, 20), 1, 8).Draw(t, "weights") {
			ring.Bind(strconv.Itoa(i), w)
		}
		h := rapid.Uint32Range(0, mask27).Draw(t, "hash")
		before, _ := ring.Route(h)
		ring.Bind("new", rapid.IntRange(1, 20).Draw(t, "weight"))
		if after, _ := ring.Route(h); after != before && after != "new" {
			t.Fatalf("%d moved from %s to %s", h, before, after)
		}
	})
}

func TestParseWeight(t *testing.T) {
	const integer, positive = "The binding key must be an integer: ", "The binding key must be greater than 0"
	for key, want := range map[string]struct {
		weight int
		err    string
	}{
		"1":                     {1, ""},
		"+3":                    {3, ""},
		"007":                   {7, ""},
		"2147483647":            {MaxWeight, ""},
		"0":                     {0, positive},
		"-1":                    {0, positive},
		"-0":                    {0, positive},
		"-99999999999999999999": {0, positive},
		"":                      {0, integer + `<<>>`},
		"+":                     {0, integer + `<<"+">>`},
		"--1":                   {0, integer + `<<"--1">>`},
		"+-1":                   {0, integer + `<<"+-1">>`},
		"1.5":                   {0, integer + `<<"1.5">>`},
		" 1":                    {0, integer + `<<" 1">>`},
		"1_000":                 {0, integer + `<<"1_000">>`},
		"0x10":                  {0, integer + `<<"0x10">>`},
		"abc":                   {0, integer + `<<"abc">>`},
		"2147483648":            {0, "The binding key must not exceed 2147483647"},
		"99999999999999999999":  {0, "The binding key must not exceed 2147483647"},
	} {
		weight, err := ParseWeight(key, MaxWeight)
		if weight != want.weight || (err == nil) != (want.err == "") || err != nil && err.Error() != want.err {
			t.Errorf("ParseWeight(%q) = %d, %v; want %d, %q", key, weight, err, want.weight, want.err)
		}
	}
}

func TestRouteDoesNotAllocate(t *testing.T) {
	var ring Ring
	for i := range 16 {
		ring.Bind(strconv.Itoa(i), i+1)
	}
	key := []byte("user-1234567")
	if n := testing.AllocsPerRun(100, func() { ring.Route(Hash(key)) }); n != 0 {
		t.Errorf("%v allocations for one placement", n)
	}
}

func BenchmarkRoute(b *testing.B) {
	for _, n := range []int{1, 3, 16, 256} {
		b.Run(fmt.Sprintf("queues=%d", n), func(b *testing.B) {
			var ring Ring
			for i := range n {
				ring.Bind(strconv.Itoa(i), 1)
			}
			key := []byte("user-1234567")
			b.ReportAllocs()
			for b.Loop() {
				ring.Route(Hash(key))
			}
		})
	}
}
