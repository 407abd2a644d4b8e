package cli

import (
	"context"
	"os"

	"github.com/charmbracelet/x/term"

	"resilab/labs"
)

// brokerChoice reads --brokers, --amqp-url and --redis-url; a URL wins.
func (c *call) brokerChoice() labs.Choice {
	choice := labs.Choice{}
	if c.flags.Text("brokers") == "local" {
		choice = labs.LocalBrokers()
	}
	if url := c.flags.Text("amqp-url"); url != "" {
		choice.AMQPURL = url
	}
	if url := c.flags.Text("redis-url"); url != "" {
		choice.RedisURL = url
	}
	return choice
}

func (c *call) openBench(ctx context.Context) (*labs.Bench, error) {
	return labs.OpenBench(ctx, c.brokerChoice())
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
