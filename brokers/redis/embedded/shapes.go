package embedded

import (
	"slices"
	"strings"
)

// reshape gives replies the types that Redis gives them in RESP3; in RESP2 they
// are lists and texts in any case.
func (c *session) reshape(name string, args []string) *change {
	if !c.peer.Resp3 {
		return nil
	}
	shape := shapeOf(name, args)
	if shape == nil {
		return nil
	}
	return &change{forward: append([]string{name}, args...), finish: shape}
}

// shapeOf returns the shape of a command's reply; nil where miniredis has it.
func shapeOf(name string, args []string) func(value) value {
	has := func(word string) bool {
		return slices.ContainsFunc(args, func(a string) bool { return strings.EqualFold(a, word) })
	}
	switch name {
	case "ZRANGE", "ZREVRANGE", "ZRANGEBYSCORE", "ZREVRANGEBYSCORE", "ZUNION", "ZINTER", "ZRANDMEMBER":
		if has("WITHSCORES") {
			return scorePairs
		}
	case "ZPOPMIN", "ZPOPMAX":
		if len(args) > 1 {
			return scorePairs
		}
		return oneScore
	case "BZPOPMIN", "BZPOPMAX":
		return popScore
	case "ZMPOP", "BZMPOP":
		return nestedScores
	case "HRANDFIELD":
		if has("WITHVALUES") {
			return inPairs
		}
	case "ZSCORE", "ZINCRBY", "ZADD":
		return score
	case "ZMSCORE":
		return eachOf(score)
	case "ZSCAN":
		return scanned
	case "GEOPOS":
		return eachOf(eachOf(score))
	case "SMEMBERS", "SINTER", "SUNION", "SDIFF":
		return asSet
	case "SPOP":
		if len(args) > 1 {
			return asSet
		}
	case "HGETALL", "XREAD", "XREADGROUP":
		return asMap(name != "HGETALL")
	}
	return nil
}

// score makes a number of a text, as scores are.
func score(v value) value {
	if v.kind == bulk {
		v.kind = double
	}
	return v
}

// scanned is a cursor with members and scores, which are texts there.
func scanned(v value) value {
	if len(v.items) == 2 {
		for i, item := range v.items[1].items {
			if item.kind == double {
				v.items[1].items[i].kind = bulk
			}
		}
	}
	return v
}

func eachOf(shape func(value) value) func(value) value {
	return func(v value) value {
		for i := range v.items {
			v.items[i] = shape(v.items[i])
		}
		return v
	}
}

// inPairs makes a list of pairs of a flat list.
func inPairs(v value) value {
	if v.kind != array && v.kind != mapping || len(v.items) == 0 || v.items[0].kind == array {
		return v
	}
	paired := list()
	for pair := range slices.Chunk(v.items, 2) {
		paired.items = append(paired.items, list(pair...))
	}
	return paired
}

// scorePairs makes pairs of members and scores of a flat list.
func scorePairs(v value) value {
	v = inPairs(v)
	for i := range v.items {
		v.items[i] = oneScore(v.items[i])
	}
	return v
}

// oneScore is a member with its score.
func oneScore(v value) value {
	if len(v.items) == 2 {
		v.items[1] = score(v.items[1])
	}
	return v
}

// popScore is a key, a member and its score.
func popScore(v value) value {
	if len(v.items) == 3 {
		v.items[2] = score(v.items[2])
	}
	return v
}

// nestedScores is a key with members and their scores.
func nestedScores(v value) value {
	if len(v.items) == 2 {
		v.items[1] = scorePairs(v.items[1])
	}
	return v
}

func asSet(v value) value {
	if v.kind == array {
		v.kind = set
	}
	return v
}

// asMap makes a map of a flat list, or, where nested, of a list of pairs.
func asMap(nested bool) func(value) value {
	return func(v value) value {
		if v.kind != array {
			return v
		}
		if nested {
			var flat []value
			for _, pair := range v.items {
				flat = append(flat, pair.items...)
			}
			v.items = flat
		}
		v.kind = mapping
		return v
	}
}
