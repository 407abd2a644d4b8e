package brokers

import (
	"context"
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	goredis "github.com/redis/go-redis/v9"

	"resilab/brokers/kafka"
	"resilab/brokers/kind"
	"resilab/brokers/nats"
	"resilab/brokers/rabbitmq"
	"resilab/brokers/redis"
)

// openTimeout bounds how long a real broker may take to answer.
const openTimeout = 5 * time.Second

// Finding is the result of probing one thing that the labs need.
type Finding struct {
	Kind    string // of package kind
	Subject string // "RabbitMQ", "Redis", "Kafka", "NATS", "x-consistent-hash"
	Address string
	Version string // as the server reports it
	Err     error  // nil: it can be used
	Refused bool   // it answered, but refused the user, the password or the vhost
	Fix     string // a command that would fix it; empty where none would
}

// Probe connects to the brokers at the given addresses, by kind, and reports
// which version each is and what is missing.
func Probe(ctx context.Context, urls map[string]string) (findings []Finding) {
	for _, k := range kind.All() {
		url := urls[k]
		if url == "" {
			continue
		}
		f := Finding{Kind: k, Subject: Name(k), Address: Redacted(url)}
		if f.Version, f.Err = types[k].probe(ctx, url); f.Err != nil {
			if f.Refused = isRefusal(f.Err); !f.Refused {
				f.Fix = startCommand(k, url)
			}
		}
		findings = append(findings, f)
		if k == kind.AMQP && f.Err == nil {
			findings = append(findings, findPlugin(ctx, url))
		}
	}
	return findings
}

func findPlugin(ctx context.Context, url string) Finding {
	f := Finding{Kind: kind.AMQP, Subject: "x-consistent-hash", Address: Redacted(url)}
	if f.Err = probeConsistentHash(ctx, url); f.Err != nil {
		f.Fix = "rabbitmq-plugins enable rabbitmq_consistent_hash_exchange"
	}
	return f
}

// isRefusal reports whether a broker answered, but refused the user.
func isRefusal(err error) bool {
	var exception *amqp.Error
	if errors.As(err, &exception) {
		return exception.Code == amqp.AccessRefused || exception.Code == amqp.NotAllowed
	}
	if nats.AccessRefused(err) {
		return true
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

// probeConsistentHash declares an exchange of the type and deletes it.
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

// dialAMQP connects to the first server that takes it.
func dialAMQP(ctx context.Context, url string) (conn *amqp.Connection, err error) {
	servers, err := rabbitmq.Servers(url)
	if err != nil {
		return nil, err
	}
	for i, server := range servers {
		timeout := openTimeout
		if deadline, ok := ctx.Deadline(); ok {
			timeout = min(timeout, time.Until(deadline)/time.Duration(len(servers)-i))
		}
		if conn, err = amqp.DialConfig(server, amqp.Config{Dial: amqp.DefaultDial(timeout)}); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// probeRedis sends PING and returns the version from INFO.
func probeRedis(ctx context.Context, url string) (version string, err error) {
	client, err := redis.Open(url, redis.Options{Timeout: openTimeout})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	if err := client.Ping(ctx); err != nil {
		return "", errors.Unwrap(err) // without the address, which the caller prints
	}
	info, err := client.Info(ctx, "server")
	if err != nil || info["redis_version"] == "" {
		return "Redis", nil // it answers, but does not report its version
	}
	return "Redis " + info["redis_version"], nil
}

// probeKafka asks for the cluster's metadata.
func probeKafka(ctx context.Context, addr string) (version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	version, err = kafka.Probe(ctx, addr)
	if err != nil {
		return "", plainCause(err)
	}
	return version, nil
}

// probeNATS asks for JetStream.
func probeNATS(ctx context.Context, url string) (version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	version, err = nats.Probe(ctx, url)
	if err != nil {
		return "", plainCause(err)
	}
	return version, nil
}
