package embedded

import (
	"strings"
	"unicode/utf8"
)

// miniredis makes regular expressions of patterns, and panics where they are none:
// for [z-a], [^], or bytes that are no UTF-8. So it gets none but plain ones.

// keys answers KEYS.
func (c *session) keys(args []string) value {
	v := list()
	for _, key := range c.server.m.DB(int(c.db.Load())).Keys() {
		if matches(args[0], key) {
			v.items = append(v.items, text(key))
		}
	}
	return v
}

// matchHere takes MATCH out of HSCAN, SSCAN and ZSCAN, and applies it to the reply.
func matchHere(c *session, name string, args []string) *change {
	forward, pattern := []string{name}, ""
	for i := 0; i < len(args); i++ {
		if i >= 2 && i+1 < len(args) && strings.EqualFold(args[i], "MATCH") {
			pattern = args[i+1]
			i++
			continue
		}
		forward = append(forward, args[i])
	}
	negative := len(args) > 1 && strings.HasPrefix(args[1], "-")
	if negative {
		forward[2] = "0" // Redis takes it for a large number, and has but one page
	}
	if len(forward) == len(args)+1 && !negative {
		return nil
	}
	shape := shapeOf(name, args)
	width := 2 // a member with its value
	if name == "SSCAN" {
		width = 1
	}
	return &change{forward: forward, finish: func(v value) value {
		if shape != nil && c.peer.Resp3 {
			v = shape(v)
		}
		if len(v.items) == 2 && len(forward) < len(args)+1 {
			v.items[1].items = matching(pattern, v.items[1].items, width)
		}
		return v
	}}
}

// matching returns the groups of width values whose first one fits a pattern.
func matching(pattern string, items []value, width int) (fit []value) {
	for ; len(items) >= width; items = items[width:] {
		if matches(pattern, items[0].text) {
			fit = append(fit, items[:width]...)
		}
	}
	return fit
}

// refusePatterns refuses patterns that miniredis would not survive.
func refusePatterns(_ *session, name string, args []string) *change {
	if name == "PUBSUB" {
		if len(args) == 0 || !strings.EqualFold(args[0], "CHANNELS") {
			return nil
		}
		args = args[1:]
	}
	for _, pattern := range args {
		if !plain(pattern) {
			return instead(errorf("ERR the embedded Redis does not subscribe to patterns such as '%.128s'", pattern))
		}
	}
	return nil
}

// plain reports whether miniredis takes a pattern: UTF-8, in which a backslash
// stands before punctuation, and classes hold letters, digits and their ranges.
func plain(pattern string) bool {
	for rest := pattern; rest != ""; {
		head := rest[0]
		rest = rest[1:]
		switch {
		case head == '\\' && (rest == "" || rest[0] == '\\' || alphanumeric(rest[0])):
			return false
		case head == '\\':
			rest = rest[1:]
		case head == '[':
			class, after, closed := strings.Cut(rest, "]")
			if !closed || !plainClass(strings.TrimPrefix(class, "^")) {
				return false
			}
			rest = after
		}
	}
	return utf8.ValidString(pattern)
}

// plainClass reports whether a class has nothing but letters, digits and ranges of
// them.
func plainClass(class string) bool {
	for i := range len(class) {
		between := i > 0 && i < len(class)-1 && class[i] == '-' && class[i-1] <= class[i+1]
		if !between && !alphanumeric(class[i]) {
			return false
		}
	}
	return class != ""
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
