package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
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
	choice := c.brokerChoice()
	if err := choice.Check(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	if err := c.doctorEmbedded(ctx); err != nil {
		return err
	}
	named := map[string]bool{} // by flag
	named[urlFlag("RabbitMQ")], named[urlFlag("Redis")] = choice.AMQPURL != "", choice.RedisURL != ""
	local := labs.LocalBrokers()
	if choice.AMQPURL == "" {
		choice.AMQPURL = local.AMQPURL
	}
	if choice.RedisURL == "" {
		choice.RedisURL = local.RedisURL
	}
	missing, failed := false, false
	for _, f := range labs.Probe(ctx, choice) {
		if f.Err == nil {
			fmt.Fprintln(c.Stdout, c.text.T("cli.doctor.ok", dots(f.Subject, f.Address, f.Version)))
			continue
		}
		missing, failed = true, failed || named[urlFlag(f.Subject)]
		mend := f.Mend
		if f.Refused {
			mend = c.text.T("cli.doctor.refused", urlFlag(f.Subject))
		}
		fmt.Fprintln(c.Stdout, c.text.T("cli.doctor.missing", dots(f.Subject, f.Address, oneLine(f.Err.Error())), mend))
	}
	if failed {
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
		fmt.Fprintln(c.Stdout, c.text.T("cli.doctor.ok", dots(c.text.T("cli.doctor.embedded", f.Subject), f.Version)))
	}
	return bench.Close()
}

// dots joins what is known of a thing.
func dots(facts ...string) string {
	facts = slices.DeleteFunc(facts, func(s string) bool { return s == "" })
	return strings.Join(facts, " · ")
}
