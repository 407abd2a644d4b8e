package embedded

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
)

// scan answers SCAN. A key's place is a hash of its name, and a cursor is the
// next place to look at: so a key that is there from the first call to the last
// is returned, whatever else is written and deleted meanwhile.
func (c *session) scan(args []string) value {
	cursor, err := strconv.ParseUint(args[0], 10, 64)
	if err != nil {
		return errorf("ERR invalid cursor")
	}
	o, wrong := scanOptions(args[1:])
	if wrong != nil {
		return *wrong
	}
	db := c.server.m.DB(int(c.db.Load()))
	fits := func(key string) bool { return matches(o.pattern, key) && (o.kind == "" || o.kind == db.Type(key)) }
	page, next := scanPage(db.Keys(), cursor, o.count, fits)
	keys := list()
	for _, key := range page {
		keys.items = append(keys.items, text(key))
	}
	return list(text(strconv.FormatUint(next, 10)), keys)
}

type scanFilter struct {
	pattern string
	kind    string // of the values; empty: all
	count   int
}

func scanOptions(args []string) (o scanFilter, wrong *value) {
	o = scanFilter{pattern: "*", count: 10}
	refuse := func(v value) (scanFilter, *value) { return o, &v }
	for ; len(args) >= 2; args = args[2:] {
		switch strings.ToUpper(args[0]) {
		case "MATCH":
			o.pattern = args[1]
		case "TYPE":
			o.kind = strings.ToLower(args[1])
		case "COUNT":
			n, err := strconv.Atoi(args[1])
			if err != nil {
				return refuse(errorf("ERR value is not an integer or out of range"))
			}
			if n < 1 {
				return refuse(errorf("ERR syntax error"))
			}
			o.count = n
		default:
			return refuse(errorf("ERR syntax error"))
		}
	}
	if len(args) > 0 {
		return refuse(errorf("ERR syntax error"))
	}
	return o, nil
}

// scanPage returns the first count keys from a place on that fit, and the place
// after them; 0 where there are no more. Keys that do not fit are not counted: to
// look at all of them again for each page would cost their number squared.
func scanPage(keys []string, cursor uint64, count int, fits func(key string) bool) (page []string, next uint64) {
	type placed struct {
		at  uint64
		key string
	}
	var found []placed
	for _, key := range keys {
		if !fits(key) {
			continue
		}
		if at := placeOf(key); at >= cursor {
			found = append(found, placed{at, key})
		}
	}
	slices.SortFunc(found, func(a, b placed) int { return cmp.Compare(a.at, b.at) })
	for i, f := range found {
		if len(page) >= count && f.at != found[i-1].at {
			return page, f.at
		}
		page = append(page, f.key)
	}
	return page, 0
}

// placeOf returns the place of a key, which is not 0: that cursor begins a scan.
func placeOf(key string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(key))     // never fails
	return h.Sum64()>>16 + 1 // 48 bits, as some clients hold cursors in floats
}

// matches reports whether a text fits a pattern of Redis: *, ?, [a-c], [^a] and
// a backslash before a letter that means itself.
func matches(pattern, s string) bool {
	star, retry := -1, 0 // behind the last *, and where it ended in s
	for p, i := 0, 0; ; {
		if p < len(pattern) && pattern[p] == '*' {
			p++
			star, retry = p, i
			continue
		}
		if i == len(s) && p == len(pattern) {
			return true
		}
		if i < len(s) && p < len(pattern) {
			if fits, rest := matchOne(pattern[p:], s[i]); fits {
				p, i = len(pattern)-len(rest), i+1
				continue
			}
		}
		if star < 0 || retry >= len(s) {
			return false
		}
		retry++
		p, i = star, retry
	}
}

// matchOne reports whether a letter fits the beginning of a pattern that is not a *,
// and returns the rest of the pattern.
func matchOne(pattern string, c byte) (fits bool, rest string) {
	switch {
	case pattern[0] == '?':
		return true, pattern[1:]
	case pattern[0] == '[':
		return inClass(pattern[1:], c)
	case pattern[0] == '\\' && len(pattern) > 1:
		pattern = pattern[1:]
	}
	return pattern[0] == c, pattern[1:]
}

// inClass reports whether a letter is in a class, whose text begins behind its
// bracket, and returns the pattern behind the class.
func inClass(class string, c byte) (in bool, rest string) {
	not := strings.HasPrefix(class, "^")
	if not {
		class = class[1:]
	}
	for class != "" && class[0] != ']' {
		switch {
		case class[0] == '\\' && len(class) > 1:
			in = in || class[1] == c
			class = class[2:]
		case len(class) >= 3 && class[1] == '-':
			lo, hi := min(class[0], class[2]), max(class[0], class[2])
			in = in || lo <= c && c <= hi
			class = class[3:]
		default:
			in = in || class[0] == c
			class = class[1:]
		}
	}
	return in != not, strings.TrimPrefix(class, "]")
}
