package embedded

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// roundTTL answers TTL and EXPIRETIME from milliseconds: Redis rounds to the
// nearest second, so that SETEX 60 is followed by TTL 60.
func roundTTL(_ *session, name string, args []string) *change {
	return &change{
		forward: append([]string{"P" + name}, args...),
		finish: func(v value) value {
			if ms, ok := v.int(); ok && ms >= 0 {
				return number((ms + 500) / 1000)
			}
			return v
		},
	}
}

// longest is the longest life of a key here. Redis allows more, and refuses what
// does not fit into its own milliseconds.
const longest = math.MaxInt64 / int64(time.Millisecond)

// checkExpiry refuses lives that are not positive, or too long, and options of
// SET that exclude each other.
func checkExpiry(_ *session, name string, args []string) *change {
	if name == "SET" && !setOptionsFit(args) {
		return instead(errorf("ERR syntax error"))
	}
	unit, at := expiryIn(name, args)
	if at < 0 || at >= len(args) {
		return nil
	}
	n, err := strconv.ParseInt(args[at], 10, 64)
	if err != nil || lifeFits(unit, n) && (n > 0 || strings.Contains(name, "EXPIRE")) {
		return nil // what is not a number miniredis refuses itself
	}
	if name == "GETEX" { // Redis looks for the key first
		return &change{forward: []string{"EXISTS", args[0]}, finish: func(v value) value {
			if v.text == "0" {
				return nothing
			}
			return invalidExpiry(name)
		}}
	}
	return instead(invalidExpiry(name))
}

// lifeFits reports whether a life, or the moment of its end, can be represented.
func lifeFits(unit string, n int64) bool {
	ms := n
	if unit[0] != 'P' {
		if n > longest/1000 || n < -longest/1000 {
			return false
		}
		ms = n * 1000
	}
	if strings.HasSuffix(unit, "AT") {
		ms -= time.Now().UnixMilli()
	}
	return ms <= longest && ms >= -longest
}

// setOptionsFit reports whether the options of SET go together.
func setOptionsFit(args []string) bool {
	lives, conditions := 0, 0
	for i := 2; i < len(args); i++ {
		switch strings.ToUpper(args[i]) {
		case "EX", "PX", "EXAT", "PXAT":
			lives++
			if i++; i == len(args) {
				return false
			}
		case "KEEPTTL":
			lives++
		case "NX", "XX":
			conditions++
		}
	}
	return lives <= 1 && conditions <= 1
}

func invalidExpiry(name string) value {
	return errorf("ERR invalid expire time in '%s' command", strings.ToLower(name))
}

// expiryIn returns the unit (EX, PX, EXAT, PXAT) and the place of a life among
// the arguments of a command; -1: it has none.
func expiryIn(name string, args []string) (unit string, at int) {
	switch name {
	case "SETEX", "EXPIRE":
		return "EX", 1
	case "PSETEX", "PEXPIRE":
		return "PX", 1
	case "EXPIREAT":
		return "EXAT", 1
	case "PEXPIREAT":
		return "PXAT", 1
	}
	from := map[string]int{"SET": 2, "GETEX": 1}[name]
	for i := from; i < len(args); i++ {
		if word := strings.ToUpper(args[i]); slices.Contains([]string{"EX", "PX", "EXAT", "PXAT"}, word) {
			return word, i + 1
		}
	}
	return "", -1
}

// checkDatabase refuses databases that Redis does not have.
func checkDatabase(_ *session, name string, args []string) *change {
	switch i := slices.IndexFunc(args, func(a string) bool { return strings.EqualFold(a, "DB") }); {
	case name == "MOVE":
		args = args[min(1, len(args)):]
	case name == "COPY" && i >= 2:
		args = args[i+1:]
	case name == "COPY":
		args = nil
	}
	for _, arg := range args {
		if n, err := strconv.Atoi(arg); err == nil && n >= databases {
			return instead(errorf("ERR DB index is out of range"))
		}
	}
	return nil
}
