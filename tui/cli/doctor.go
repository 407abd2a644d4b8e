package cli

import (
	"context"
	"fmt"
	"time"

	"resilab/labs"
	"resilab/labs/lab"
)

// doctorPatience bounds the look at all brokers together.
const doctorPatience = 10 * time.Second

func doctorFlags() []lab.Knob { return append(brokerFlags(), languageFlag()) }

// runDoctor tells what the labs can use here and what to type to mend the rest.
// It fails only where brokers were named and are not usable.
func runDoctor(ctx context.Context, c *call) error {
	ctx, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	if err := c.doctorEmbedded(ctx); err != nil {
		return err
	}
	choice := c.brokerChoice()
	named := choice.AMQPURL != "" || choice.RedisURL != ""
	local := labs.LocalBrokers()
	if choice.AMQPURL == "" {
		choice.AMQPURL = local.AMQPURL
	}
	if choice.RedisURL == "" {
		choice.RedisURL = local.RedisURL
	}
	missing := false
	for _, f := range labs.Probe(ctx, choice) {
		if f.Err == nil {
			fmt.Fprintln(c.Stdout, c.text.T("cli.doctor.ok", f.Subject, f.Address, f.Version))
			continue
		}
		missing = true
		fmt.Fprintln(c.Stdout, c.text.T("cli.doctor.missing", f.Subject, f.Address, oneLine(f.Err.Error()), f.Mend))
	}
	if missing && named {
		return errSaid
	}
	if missing {
		fmt.Fprintln(c.Stdout, c.text.T("cli.doctor.enough"))
	}
	return nil
}

// doctorEmbedded starts the embedded brokers and asks them the same questions.
func (c *call) doctorEmbedded(ctx context.Context) error {
	bench, err := labs.OpenBench(ctx, labs.Choice{})
	if err != nil {
		return err
	}
	amqp, redis := bench.URLs()
	for _, f := range labs.Probe(ctx, labs.Choice{AMQPURL: amqp, RedisURL: redis}) {
		if f.Err != nil {
			return fmt.Errorf("embedded %s: %w", f.Subject, f.Err)
		}
		fmt.Fprintln(c.Stdout, c.text.T("cli.doctor.embedded", f.Subject, f.Version))
	}
	return bench.Close()
}
