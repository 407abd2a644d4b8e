package embedded

import (
	"iter"
	"maps"
)

// ownCommands answer without miniredis.
var ownCommands map[string]func(*session, []string) value

func init() {
	ownCommands = map[string]func(*session, []string) value{
		"CLIENT":  (*session).client,
		"COMMAND": command,
		"CONFIG":  (*session).config,
		"HELLO":   (*session).hello,
		"INFO":    info,
		"KEYS":    (*session).keys,
		"SCAN":    (*session).scan,
	}
}

// rewrites are commands that miniredis executes in another form.
var rewrites = map[string]func(c *session, name string, args []string) *change{
	"TTL":         roundTTL,
	"EXPIRETIME":  roundTTL,
	"SET":         checkExpiry,
	"GETEX":       checkExpiry,
	"SETEX":       checkExpiry,
	"PSETEX":      checkExpiry,
	"EXPIRE":      checkExpiry,
	"PEXPIRE":     checkExpiry,
	"EXPIREAT":    checkExpiry,
	"PEXPIREAT":   checkExpiry,
	"SETRANGE":    checkRange,
	"DECRBY":      checkDecrement,
	"ZADD":        checkScores,
	"ZINCRBY":     checkScores,
	"ZINTER":      byScore,
	"COPY":        checkDatabase,
	"SELECT":      checkDatabase,
	"SWAPDB":      checkDatabase,
	"MOVE":        checkDatabase,
	"EVAL":        scriptError,
	"EVALSHA":     scriptError,
	"HSCAN":       matchHere,
	"SSCAN":       matchHere,
	"ZSCAN":       matchHere,
	"HRANDFIELD":  checkCount,
	"SRANDMEMBER": checkCount,
	"ZRANDMEMBER": checkCount,
	"PSUBSCRIBE":  refusePatterns,
	"PUBSUB":      refusePatterns,
	"EVAL_RO":     scriptError,
	"EVALSHA_RO":  scriptError,
}

// rewrite returns how a command is answered that miniredis does not answer as
// Redis does; nil: miniredis does.
func (c *session) rewrite(name string, args []string) *change {
	if own := ownCommands[name]; own != nil {
		return &change{finish: func(value) value { return own(c, args) }}
	}
	if rewrite := rewrites[name]; rewrite != nil {
		if ch := rewrite(c, name, args); ch != nil {
			return ch
		}
	}
	return c.reshape(name, args)
}

// instead answers with a value and executes nothing.
func instead(v value) *change { return &change{finish: func(value) value { return v }} }

func mapKeys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }
