package convoy

import (
	"bufio"
	"context"
	"fmt"
	"iter"
	"slices"

	"resilab/labs/convoy/routing"
	"resilab/labs/lab"
	"resilab/labs/textfile"
)

// longestKey is what AMQP allows for a routing key; the others take more.
const longestKey = 255

// Commands are what the lab adds to the command line.
func Commands() []lab.Command {
	return []lab.Command{{
		Name: "route", Args: "[KEY …]", Run: runRoute,
		Flags: []lab.Knob{
			lab.NewChoice("system", routing.Systems()...),
			lab.NewInt("partitions", 3, 1, routing.MaxLanes),
			lab.NewChoice("partitioner", routing.Partitioners()...),
			lab.NewBool("null-key", false),
		},
	}}
}

// runRoute prints key, tab, partition for keys from the arguments, else from
// standard input, one a line.
func runRoute(_ context.Context, c *lab.Call) error {
	router, err := routerOf(c)
	if err != nil {
		return err
	}
	if c.Flags.Bool("null-key") {
		// No partition belongs to it, so there is none to print.
		c.Note(c.Text.T("convoy.route.null", c.Flags.Int("partitions")))
		return nil
	}
	out := bufio.NewWriter(c.Stdout)
	for key, err := range keysOf(c) {
		if err != nil {
			return fmt.Errorf("reading keys: %w", err)
		}
		if len(key) > longestKey {
			return &lab.UsageError{Text: c.Text.T("convoy.route.long", key[:20]+"…", longestKey)}
		}
		if c.Flags.Text("system") == routing.NATS && routing.CheckToken(key) != nil {
			return &lab.UsageError{Text: c.Text.T("convoy.route.token", key)}
		}
		fmt.Fprintf(out, "%s\t%d\n", key, router.Route(key))
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing partitions: %w", err)
	}
	return nil
}

// routerOf returns the router that the flags ask for.
func routerOf(c *lab.Call) (routing.Router, error) {
	system := c.Flags.Text("system")
	if system == routing.Kafka {
		return routing.NewKafka(c.Flags.Text("partitioner"), c.Flags.Int("partitions"))
	}
	for _, flag := range []string{"partitioner", "null-key"} {
		if c.Given(flag) {
			return nil, &lab.UsageError{Text: c.Text.T("convoy.route.kafka_only", flag)}
		}
	}
	return routing.New(system, c.Flags.Int("partitions"))
}

// keysOf returns the arguments or, without any, the lines of standard input.
func keysOf(c *lab.Call) iter.Seq2[string, error] {
	if len(c.Args) == 0 {
		return textfile.Lines(c.Stdin)
	}
	return func(yield func(string, error) bool) {
		for key := range slices.Values(c.Args) {
			if !yield(key, nil) {
				return
			}
		}
	}
}
