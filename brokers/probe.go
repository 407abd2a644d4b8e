package brokers

import (
	"context"
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	goredis "github.com/redis/go-redis/v9"

	"resilab/brokers/redis"
)

// Finding is what a probe saw of one thing the labs need.
type Finding struct {
	Subject string // "RabbitMQ", "Redis", "x-consistent-hash"
	Address string
	Version string // as the server tells it
	Err     error  // nil: it is there
	Refused bool   // it is, but it refused the user, the password or the vhost
	Mend    string // a command that would mend it; empty where none would
}

// Probe looks at what stands behind a choice with real addresses and says
// what is reachable, which version it is and what is missing.
func Probe(ctx context.Context, choice Choice) []Finding {
	return append(findAMQP(ctx, choice.AMQPURL), findRedis(ctx, choice.RedisURL)...)
}

func findAMQP(ctx context.Context, url string) []Finding {
	f := Finding{Subject: "RabbitMQ", Address: Redacted(url)}
	f.Version, f.Err = probeAMQP(ctx, url)
	if f.Err != nil {
		if f.Refused = isRefusal(f.Err); !f.Refused {
			f.Mend = startRabbitMQ
		}
		return []Finding{f}
	}
	plugin := Finding{Subject: "x-consistent-hash", Address: f.Address}
	if plugin.Err = probeConsistentHash(ctx, url); plugin.Err != nil {
		plugin.Mend = "rabbitmq-plugins enable rabbitmq_consistent_hash_exchange"
	}
	return []Finding{f, plugin}
}

func findRedis(ctx context.Context, url string) []Finding {
	f := Finding{Subject: "Redis", Address: Redacted(url)}
	if f.Version, f.Err = probeRedis(ctx, url); f.Err != nil {
		if f.Refused = isRefusal(f.Err); !f.Refused {
			f.Mend = startRedis
		}
	}
	return []Finding{f}
}

// isRefusal tells whether a broker answered, but let nobody in.
func isRefusal(err error) bool {
	var exception *amqp.Error
	if errors.As(err, &exception) {
		return exception.Code == amqp.AccessRefused || exception.Code == amqp.NotAllowed
	}
	for _, prefix := range []string{"WRONGPASS", "NOAUTH", "NOPERM"} {
		if goredis.HasErrorPrefix(err, prefix) {
			return true
		}
	}
	return false
}

// probeAMQP opens and closes a connection and returns "product version".
func probeAMQP(ctx context.Context, url string) (version string, err error) {
	conn, err := dialAMQP(ctx, url)
	if err != nil {
		return "", plainCause(err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return fmt.Sprintf("%v %v", conn.Properties["product"], conn.Properties["version"]), nil
}

// probeConsistentHash declares an exchange of the type and lets it go again.
func probeConsistentHash(ctx context.Context, url string) error {
	conn, err := dialAMQP(ctx, url)
	if err != nil {
		return plainCause(err)
	}
	defer conn.Close()
	ch, err := conn.Channel()
	if err != nil {
		return fmt.Errorf("opening a channel: %w", err)
	}
	name := fmt.Sprintf("resilab.probe.%d", time.Now().UnixNano())
	if err := ch.ExchangeDeclare(name, "x-consistent-hash", false, true, false, false, nil); err != nil {
		return fmt.Errorf("declaring an exchange: %w", err)
	}
	if err := ch.ExchangeDelete(name, false, false); err != nil {
		return fmt.Errorf("deleting the exchange: %w", err)
	}
	return nil
}

func dialAMQP(ctx context.Context, url string) (*amqp.Connection, error) {
	patience := openPatience
	if deadline, ok := ctx.Deadline(); ok {
		patience = min(patience, time.Until(deadline))
	}
	return amqp.DialConfig(url, amqp.Config{Dial: amqp.DefaultDial(patience)})
}

// probeRedis sends PING and returns the version from INFO.
func probeRedis(ctx context.Context, url string) (version string, err error) {
	client, err := redis.Open(url, redis.Options{Timeout: openPatience})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	if err := client.Ping(ctx); err != nil {
		return "", errors.Unwrap(err) // without the address, which the caller tells
	}
	info, err := client.Info(ctx, "server")
	if err != nil || info["redis_version"] == "" {
		return "Redis", nil // it answers, but does not tell its version
	}
	return "Redis " + info["redis_version"], nil
}
