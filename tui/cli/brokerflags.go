package cli

import (
	"os"

	"github.com/charmbracelet/x/term"

	"resilab/brokers"
	"resilab/labs"
)

// brokerChoice reads --brokers and the flags with an address; an address wins.
func (c *call) brokerChoice() brokers.Choice {
	choice := brokers.Choice{URLs: map[string]string{}}
	if c.flags.Text("brokers") == "local" {
		choice = brokers.Local()
	}
	for _, kind := range kinds() {
		if url := c.flags.Text(urlFlag(kind)); url != "" {
			choice.URLs[kind] = url
		}
	}
	return choice
}

func (c *call) newSession() (*labs.Session, error) {
	return labs.NewSession(c.brokerChoice())
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
