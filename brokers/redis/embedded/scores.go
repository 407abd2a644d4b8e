package embedded

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

// checkDecrement refuses the number whose negative is none.
func checkDecrement(_ *session, _ string, args []string) *change {
	if len(args) == 2 && args[1] == strconv.Itoa(math.MinInt64) {
		return instead(errorf("ERR decrement would overflow"))
	}
	return nil
}

// checkScores refuses a score that is not a number, which miniredis takes for one.
func checkScores(_ *session, name string, args []string) *change {
	scores := args[min(1, len(args)):]
	if name == "ZADD" {
		first := slices.IndexFunc(scores, func(a string) bool {
			return !slices.Contains([]string{"NX", "XX", "GT", "LT", "CH", "INCR"}, strings.ToUpper(a))
		})
		scores = scores[max(0, first):]
	}
	if len(scores)%2 != 0 {
		return nil // miniredis refuses it
	}
	for i := 0; i < len(scores); i += 2 {
		if f, err := strconv.ParseFloat(scores[i], 64); err == nil && math.IsNaN(f) {
			return instead(errorf("ERR value is not a valid float"))
		}
	}
	return nil
}

// byScore sorts members by their scores, which miniredis does for ZUNION alone.
func byScore(c *session, name string, args []string) *change {
	if len(args) > 1 && args[0] == "0" {
		return instead(errorf("ERR at least 1 input key is needed for '%s' command", strings.ToLower(name)))
	}
	forward := append([]string{name}, args...)
	scored := slices.ContainsFunc(args, func(a string) bool { return strings.EqualFold(a, "WITHSCORES") })
	if !scored {
		forward = append(forward, "WITHSCORES")
	}
	shape := func(v value) value { return v }
	if scored && c.peer.Resp3 {
		shape = scorePairs
	}
	return &change{forward: forward, finish: func(v value) value {
		if v.kind != array {
			return v
		}
		pairs := inPairs(v).items
		slices.SortStableFunc(pairs, func(a, b value) int {
			return cmp.Or(cmp.Compare(scoreOf(a), scoreOf(b)), strings.Compare(a.items[0].text, b.items[0].text))
		})
		sorted := list()
		for _, pair := range pairs {
			sorted.items = append(sorted.items, pair.items[0])
			if scored {
				sorted.items = append(sorted.items, pair.items[1])
			}
		}
		return shape(sorted)
	}}
}

// scoreOf returns the score in a pair of a member and its score.
func scoreOf(pair value) float64 {
	f, _ := strconv.ParseFloat(pair.items[1].text, 64) // miniredis wrote it
	return f
}
