package theme

import "strings"

// Clipboard reports whether the terminal may take text for the clipboard.
func (t *Theme) Clipboard() bool { return takesClipboard(t.options.Getenv) }

// takesClipboard reports whether a terminal may put text on the clipboard when it
// is asked to by the sequence OSC 52. None of them says so; these are known not to.
func takesClipboard(getenv func(string) string) bool {
	if getenv("TERM_PROGRAM") == "Apple_Terminal" {
		return false
	}
	family, _, _ := strings.Cut(getenv("TERM"), "-")
	switch family {
	case "", "dumb", "linux", "ansi", "cons25", "vt100", "vt102", "vt220", "eterm", "cygwin":
		return false
	}
	return true
}
