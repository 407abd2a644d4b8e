package cli

import (
	"os"

	"github.com/charmbracelet/x/term"

	"resilab/brokers"
	"resilab/labs"
	"resilab/labs/lab"
)

// brokerChoice reads --brokers and the flags with an address; an address wins.
func (c *call) brokerChoice() brokers.Choice {
	choice := brokers.Choice{URLs: map[string]string{}}
	if c.flags.Text("brokers") == "local" {
		choice = brokers.Local()
	}
	for _, kind := range kinds() {
		if url := c.flags.Text(kind + "-url"); url != "" {
			choice.URLs[kind] = url
		}
	}
	return choice
}

// kinds are the kinds of brokers in the order in which they are shown.
func kinds() []string { return []string{lab.AMQP, lab.Redis, lab.Kafka} }

func (c *call) newSession() (*labs.Session, error) {
	return labs.NewSession(c.brokerChoice())
}

// isTerminal tells whether w is a terminal.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(f.Fd())
}

// terminalWidth is the columns of the terminal w, or 80 where it is none or
// does not know.
func terminalWidth(w any) int {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(f.Fd()); err == nil && width > 0 {
			return width
		}
	}
	return 80
}
