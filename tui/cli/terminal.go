package cli

import (
	"os"
	"strings"

	"github.com/charmbracelet/x/term"
)

// needScreen returns an error where the program has no terminal that could show a
// screen.
func needScreen(c *call) error {
	labs := strings.Join(c.set.labs.IDs(nil), "|")
	switch {
	case !isTerminal(c.world.Stdin) || !isTerminal(c.world.Stdout):
		return usageError{&wordedError{key: "cli.error.notterminal", args: []any{labs}}}
	case c.world.Getenv("TERM") == "dumb":
		return usageError{&wordedError{key: "cli.error.dumb", args: []any{labs}}}
	}
	return nil
}

// isTerminal reports whether w is a terminal.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(f.Fd())
}

// terminalWidth returns the columns of the terminal w, or 80 if w is no terminal
// or has no size.
func terminalWidth(w any) int {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(f.Fd()); err == nil && width > 0 {
			return width
		}
	}
	return 80
}
