package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"

	"resilab/labs/convoy/routing"
	"resilab/labs/lab"
)

// longestKey is what AMQP allows for a routing key; Kafka and Kinesis take more.
const longestKey = 255

// longestLine is how much is read to find out that a key is too long.
const longestLine = 1 << 20

func routeFlags() []lab.Knob {
	return []lab.Knob{
		lab.NewChoice("system", routing.Systems()...),
		lab.NewInt("partitions", 3, 1, routing.MaxLanes),
		languageFlag(),
	}
}

// route prints key, tab, partition for keys from the arguments, else from
// standard input, one a line.
func route(_ context.Context, c *call) error {
	router, err := routing.New(c.flags.Text("system"), c.flags.Int("partitions"))
	if err != nil {
		return usageError{err}
	}
	out := bufio.NewWriter(c.Stdout)
	for key, err := range c.keys() {
		if err != nil {
			return fmt.Errorf("reading keys: %w", err)
		}
		if len(key) > longestKey {
			return usageError{errors.New(c.text.T("cli.error.value", "KEY", key[:20]+"…", fmt.Sprintf("0..%d bytes", longestKey)))}
		}
		fmt.Fprintf(out, "%s\t%d\n", key, router.Route(key))
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing partitions: %w", err)
	}
	return nil
}

func (c *call) keys() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, key := range c.args {
			if !yield(key, nil) {
				return
			}
		}
		if len(c.args) > 0 {
			return
		}
		lines := bufio.NewScanner(c.Stdin)
		lines.Buffer(nil, longestLine)
		for lines.Scan() {
			if !yield(lines.Text(), nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield("", err)
		}
	}
}
