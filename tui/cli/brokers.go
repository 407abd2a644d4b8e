package cli

import (
	"context"
	"errors"
	"fmt"

	"resilab/brokers"
	"resilab/labs"
	"resilab/labs/lab"
)

func brokersFlags() []lab.Knob {
	return []lab.Knob{
		lab.NewText("amqp-addr", "127.0.0.1:5672"),
		lab.NewText("redis-addr", "127.0.0.1:6379"),
		lab.NewText("amqp-product", ""),
		languageFlag(),
	}
}

// runBrokers serves the embedded brokers to any client until interrupted.
func runBrokers(ctx context.Context, c *call) error {
	if err := c.noArgs(); err != nil {
		return err
	}
	if err := c.checkAddresses("amqp-addr", "redis-addr"); err != nil {
		return err
	}
	session, err := labs.NewSession(brokers.Choice{
		Listen:      map[string]string{lab.AMQP: c.flags.Text("amqp-addr"), lab.Redis: c.flags.Text("redis-addr")},
		AMQPProduct: c.flags.Text("amqp-product"),
	})
	if err != nil {
		return err
	}
	for _, kind := range []string{lab.AMQP, lab.Redis} {
		url, err := session.Open(ctx, kind)
		if err != nil {
			return errors.Join(err, session.Close())
		}
		fmt.Fprintln(c.Stdout, url)
	}
	fmt.Fprintln(c.Stderr, c.text.T("cli.brokers.ready"))
	<-ctx.Done()
	return session.Close()
}
