package cli

import (
	"context"
	"fmt"

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
	bench, err := labs.OpenBench(ctx, labs.Choice{
		AMQPAddr: c.flags.Text("amqp-addr"), RedisAddr: c.flags.Text("redis-addr"),
		AMQPProduct: c.flags.Text("amqp-product"),
	})
	if err != nil {
		return err
	}
	amqp, redis := bench.URLs()
	fmt.Fprintln(c.Stdout, amqp)
	fmt.Fprintln(c.Stdout, redis)
	fmt.Fprintln(c.Stderr, c.text.T("cli.brokers.ready"))
	<-ctx.Done()
	return bench.Close()
}
