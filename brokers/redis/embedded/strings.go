package embedded

import "strconv"

// checkRange refuses strings longer than Redis allows, and writes nothing where
// SETRANGE has nothing to write.
func checkRange(_ *session, _ string, args []string) *change {
	if len(args) != 3 {
		return nil
	}
	at, err := strconv.ParseInt(args[1], 10, 64)
	switch {
	case err != nil || at < 0: // miniredis refuses it
		return nil
	case args[2] == "":
		return &change{forward: []string{"STRLEN", args[0]}, finish: func(v value) value { return v }}
	case at > maxBulk-int64(len(args[2])):
		return instead(errorf("ERR string exceeds maximum allowed size (proto-max-bulk-len)"))
	}
	return nil
}
