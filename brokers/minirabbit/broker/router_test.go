package broker

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"resilab/brokers/minirabbit/codec"
)

// topicMatches is the definition of a topic pattern, as plainly as possible.
func topicMatches(pattern, key []string) bool {
	if len(pattern) == 0 {
		return len(key) == 0
	}
	if pattern[0] == "#" {
		for i := range len(key) + 1 {
			if topicMatches(pattern[1:], key[i:]) {
				return true
			}
		}
		return false
	}
	return len(key) > 0 && (pattern[0] == "*" || pattern[0] == key[0]) && topicMatches(pattern[1:], key[1:])
}

func TestTopicTreeMatchesTheDefinition(t *testing.T) {
	words := func(of ...string) *rapid.Generator[string] {
		return rapid.Map(rapid.SliceOfN(rapid.SampledFrom(of), 0, 6), func(w []string) string { return strings.Join(w, ".") })
	}
	patterns, keys := words("a", "b", "", "*", "#"), words("a", "b", "c", "")
	rapid.Check(t, func(t *rapid.T) {
		var r topicRouter
		bound := map[*binding]bool{}
		for range rapid.IntRange(1, 12).Draw(t, "bindings") {
			b := &binding{to: destination{queue: &queue{}}, key: patterns.Draw(t, "pattern")}
			r.add(b)
			bound[b] = true
		}
		for b := range bound {
			if rapid.Bool().Draw(t, "unbind") {
				r.remove(b)
				delete(bound, b)
			}
		}
		key := keys.Draw(t, "key")
		got := r.route(key, nil, nil)
		for b := range bound {
			want := topicMatches(topicWords(b.key, nil), topicWords(key, nil))
			if slices.Contains(got, b.to) != want {
				t.Fatalf("pattern %q, key %q: want %v", b.key, key, want)
			}
		}
		for b := range bound {
			r.remove(b)
		}
		if len(r.root.next) != 0 || len(r.root.ends) != 0 {
			t.Fatal("the tree is not bare after the last unbind")
		}
	})
}

// TestManyHashesStayCheap: a pattern of many # has exponentially many ways to
// match; the test ends because only one of them is gone.
func TestManyHashesStayCheap(t *testing.T) {
	var r topicRouter
	r.add(&binding{to: destination{queue: &queue{}}, key: strings.Repeat("#.", 60) + "end"})
	if got := r.route(strings.Repeat("a.", 100)+"b", nil, nil); len(got) != 0 {
		t.Errorf("matched %d", len(got))
	}
	if got := r.route(strings.Repeat("a.", 100)+"end", nil, nil); len(got) == 0 {
		t.Error("did not match")
	}
}

func TestHeadersMatch(t *testing.T) {
	message := func(t codec.Table) *Message { return &Message{headers: t.Encode()} }
	both := codec.Table{{Name: "a", Value: int32(1)}, {Name: "x-b", Value: "two"}}
	for _, tt := range []struct {
		name    string
		args    codec.Table
		headers codec.Table
		want    bool
	}{
		{"all, all there", both.With("x-match", "all"), both, true},
		{"all is the default", both, both, true},
		{"all ignores x- fields", both, both.Without("x-b"), true},
		{"all-with-x does not", both.With("x-match", "all-with-x"), both.Without("x-b"), false},
		{"all, one differs", both, both.With("a", int32(2)), false},
		{"any, one there", both.With("x-match", "any"), both.Without("x-b"), true},
		{"any, only the x- field there", both.With("x-match", "any"), both.Without("a"), false},
		{"any-with-x, only the x- field there", both.With("x-match", "any-with-x"), both.Without("a"), true},
		{"any, none there", both.With("x-match", "any"), nil, false},
		{"integers of other widths", both, both.With("a", int64(1)), true},
		{"void only asks for the field", codec.Table{{Name: "a"}}, both, true},
		{"void and no such field", codec.Table{{Name: "z"}}, both, false},
		{"no arguments, all", nil, both, true},
		{"no arguments, any", codec.Table{{Name: "x-match", Value: "any"}}, both, false},
	} {
		if got := (&headersRouter{byValue: true}).matches(tt.args, message(tt.headers)); got != tt.want {
			t.Errorf("%s: got %v", tt.name, got)
		}
	}
}
