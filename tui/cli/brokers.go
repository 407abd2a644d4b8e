package cli

import (
	"context"
	"errors"

	"resilab/brokers"
	"resilab/labs"
	"resilab/labs/lab"
)

func brokersFlags() []lab.Knob {
	return []lab.Knob{
		lab.NewText("amqp-addr", "127.0.0.1:5672"),
		lab.NewText("redis-addr", "127.0.0.1:6379"),
		lab.NewText("amqp-product", ""),
		lab.NewChoice("amqp-version", brokers.AMQPVersions()...),
		languageFlag(),
	}
}

// runBrokers serves the embedded brokers to any client until interrupted.
func runBrokers(ctx context.Context, c *call) error {
	if err := c.in.noArgs(); err != nil {
		return err
	}
	if err := c.in.checkAddresses("amqp-addr", "redis-addr"); err != nil {
		return err
	}
	session, err := labs.NewSession(brokers.Choice{
		Listen:      map[string]string{lab.AMQP: c.in.flags.Text("amqp-addr"), lab.Redis: c.in.flags.Text("redis-addr")},
		AMQPProduct: c.in.flags.Text("amqp-product"),
		AMQPVersion: c.in.flags.Text("amqp-version"),
	})
	if err != nil {
		return err
	}
	for _, kind := range []string{lab.AMQP, lab.Redis} {
		url, err := session.Open(ctx, kind)
		if err != nil {
			return errors.Join(err, session.Close())
		}
		if err := c.out.line(url); err != nil {
			return errors.Join(err, session.Close())
		}
	}
	c.out.note(c.text.T("cli.brokers.ready"))
	<-ctx.Done()
	return session.Close()
}
