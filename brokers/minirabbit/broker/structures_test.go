package broker

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestDequeIsAList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var d deque[int]
		var model []int
		next := 0
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				for range rapid.IntRange(1, 40).Draw(t, "n") {
					next++
					d.pushBack(next)
					model = append(model, next)
				}
			},
			"pop": func(t *rapid.T) {
				for range min(len(model), rapid.IntRange(1, 40).Draw(t, "n")) {
					if got := d.popFront(); got != model[0] {
						t.Fatalf("got %d, want %d", got, model[0])
					}
					model = model[1:]
				}
			},
			"remove": func(t *rapid.T) {
				k := rapid.IntRange(2, 5).Draw(t, "k")
				multiple := func(n int) bool { return n%k == 0 }
				d.removeFunc(multiple)
				model = slices.DeleteFunc(model, multiple)
			},
			"": func(t *rapid.T) {
				if d.len() != len(model) {
					t.Fatalf("%d elements, want %d", d.len(), len(model))
				}
				for i, want := range model {
					if got := *d.at(i); got != want {
						t.Fatalf("element %d is %d, want %d", i, got, want)
					}
				}
				if len(d.ring) > smallestRing && len(d.ring) > 4*max(len(model), smallestRing)+smallestRing && len(model) == 0 {
					t.Fatalf("a ring of %d for nothing", len(d.ring))
				}
			},
		})
	})
}

// TestUnackedListIsAMap holds the unackedList to a map from tags to deliveries.
func TestUnackedListIsAMap(t *testing.T) {
	q := &queue{}
	rapid.Check(t, func(t *rapid.T) {
		var l unackedList
		model := map[uint64]bool{}
		var last uint64
		check := func(t *rapid.T, got []delivered, want func(tag uint64) bool) {
			var tags []uint64
			for tag := range model {
				if want(tag) {
					tags = append(tags, tag)
					delete(model, tag)
				}
			}
			slices.Sort(tags)
			if !slices.EqualFunc(got, tags, func(d delivered, tag uint64) bool { return d.tag == tag }) {
				t.Fatalf("got %v, want %v", got, tags)
			}
		}
		anyTag := func(t *rapid.T) uint64 { return rapid.Uint64Range(0, last+2).Draw(t, "tag") }
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				for range rapid.IntRange(1, 20).Draw(t, "n") {
					last += rapid.Uint64Range(1, 3).Draw(t, "step") // no-ack deliveries use tags too
					l.add(delivered{tag: last, queue: q})
					model[last] = true
				}
			},
			"take": func(t *rapid.T) {
				tag := anyTag(t)
				d, ok := l.take(tag)
				if ok != model[tag] || ok && d.tag != tag {
					t.Fatalf("tag %d: got %d, %v", tag, d.tag, ok)
				}
				delete(model, tag)
			},
			"take through": func(t *rapid.T) {
				tag := anyTag(t)
				ds, ok := l.takeThrough(tag, nil)
				if ok != model[tag] {
					t.Fatalf("tag %d: %v", tag, ok)
				}
				check(t, ds, func(o uint64) bool { return ok && o <= tag })
			},
			"take all": func(t *rapid.T) {
				check(t, l.takeAll(nil), func(uint64) bool { return true })
			},
			"put back": func(t *rapid.T) {
				tag := anyTag(t)
				if ds, ok := l.takeThrough(tag, nil); ok {
					l.putBack(ds)
				}
			},
			"": func(t *rapid.T) {
				if l.live != len(model) {
					t.Fatalf("%d deliveries, want %d", l.live, len(model))
				}
			},
		})
	})
}

func TestLedgerForgetsHoles(t *testing.T) {
	var l unackedList
	q := &queue{}
	l.add(delivered{tag: 1, queue: q})
	for tag := uint64(2); tag < 10_000; tag++ {
		l.add(delivered{tag: tag, queue: q})
		l.take(tag)
	}
	if n := l.items.len(); n > 4*smallestRing {
		t.Errorf("one delivery that is not settled keeps %d places", n)
	}
}

// TestReadyListKeepsPlaces: whatever is taken and put back, messages come in
// order of priority and then of their places.
func TestReadyListKeepsPlaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		priorities := rapid.IntRange(1, 4).Draw(t, "priorities")
		r := newReadyList(priorities)
		var model, out []entry
		var pos uint64
		order := func(a, b entry) int {
			return cmp.Or(cmp.Compare(r.laneOf(b), r.laneOf(a)), cmp.Compare(a.pos, b.pos))
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				pos++
				e := entry{pos: pos, msg: &Message{
					priority: rapid.Uint8Range(0, 5).Draw(t, "priority"),
					Body:     make([]byte, rapid.IntRange(0, 9).Draw(t, "size")),
				}}
				r.add(e)
				model = append(model, e)
			},
			"pop": func(t *rapid.T) {
				if len(model) == 0 {
					return
				}
				slices.SortFunc(model, order)
				if head := r.peek(); head.pos != model[0].pos {
					t.Fatalf("sees %d, want %d", head.pos, model[0].pos)
				}
				e := r.pop()
				if e.pos != model[0].pos {
					t.Fatalf("got %d, want %d", e.pos, model[0].pos)
				}
				model = model[1:]
				out = append(out, e)
			},
			"put back": func(t *rapid.T) {
				if len(out) == 0 {
					return
				}
				i := rapid.IntRange(0, len(out)-1).Draw(t, "which")
				r.putBack(out[i])
				model = append(model, out[i])
				out = slices.Delete(out, i, i+1)
			},
			"": func(t *rapid.T) {
				var body, size int64
				for _, e := range model {
					body += int64(len(e.msg.Body))
					size += e.msg.size()
				}
				if r.len() != len(model) || r.body != body || r.size != size {
					t.Fatalf("%d messages of %d and %d bytes, want %d of %d and %d", r.len(), r.body, r.size, len(model), body, size)
				}
				if len(model) == 0 && r.peek() != nil {
					t.Fatal("sees a message where there is none")
				}
			},
		})
	})
}

func TestBudgetWakesAtThreeQuarters(t *testing.T) {
	b := budget{limit: 100}
	b.add(100)
	if b.wait() != nil {
		t.Error("waits at the limit")
	}
	b.add(1)
	room := b.wait()
	for used := int64(101); used > 76; used-- {
		b.add(-1)
	}
	select {
	case <-room:
		t.Error("woke above three quarters")
	default:
	}
	b.add(-1)
	select {
	case <-room:
	default:
		t.Error("did not wake")
	}
	if b.wait() != nil {
		t.Error("still waits")
	}
}
