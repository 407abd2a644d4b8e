package embedded

import (
	"crypto/sha1"
	"encoding/hex"
	"regexp"
	"strings"
)

// calledError is how miniredis writes an error of a command that a script calls.
var calledError = regexp.MustCompile(`^ERR Error compiling script \(new function\): :(\d+): ([A-Z]+ .*?)\s*stack traceback:`)

// scriptError begins the error of a command that a script calls with its own
// code, as Redis does: clients distinguish errors by it.
func scriptError(_ *session, name string, args []string) *change {
	if len(args) == 0 {
		return nil
	}
	return &change{forward: append([]string{name}, args...), finish: func(v value) value {
		found := calledError.FindStringSubmatch(v.text)
		if v.kind != failure || found == nil {
			return v
		}
		return errorf("%s script: %s, on @user_script:%s.", found[2], scriptSHA(name, args[0]), found[1])
	}}
}

// scriptSHA returns the SHA-1 of a script that is given as text or as its SHA-1.
func scriptSHA(name, script string) string {
	if strings.HasPrefix(name, "EVALSHA") {
		return strings.ToLower(script)
	}
	sum := sha1.Sum([]byte(script))
	return hex.EncodeToString(sum[:])
}
