package brokers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"resilab/brokers/kafka"
	"resilab/brokers/kind"
	"resilab/brokers/minirabbit"
	"resilab/brokers/nats"
	"resilab/brokers/rabbitmq"
	"resilab/brokers/redis"
)

// brokerType describes one kind of broker.
type brokerType struct {
	name    string // for people
	local   string // the address that docker-compose.yml publishes
	start   string // a command that starts a real one on this machine
	allowed string // form of an address
	check   func(url string) error
	// probe connects and returns "product version".
	probe    func(ctx context.Context, url string) (version string, err error)
	embedded func(Choice) (url string, stop func() error, err error)
}

// types holds every kind of package kind.
var types = map[string]brokerType{
	kind.AMQP: {
		name: "RabbitMQ", local: "amqp://guest:guest@127.0.0.1:5672/", start: "docker compose up -d rabbitmq",
		allowed: "amqp://user:password@host:5672/vhost, amqp://user:password@a,b,c/vhost, amqps://…", check: checkAMQP, probe: probeAMQP, embedded: embeddedAMQP,
	},
	kind.Redis: {
		name: "Redis", local: "redis://127.0.0.1:6379/0", start: "docker compose up -d redis",
		allowed: "redis://user:password@host:6379/0, rediss://…", check: checkRedis, probe: probeRedis, embedded: embeddedRedis,
	},
	kind.Kafka: {
		name: "Kafka", local: "127.0.0.1:9092", start: "docker compose --profile kafka up -d kafka",
		allowed: "host:9092, host:9092,host:9093 …", check: checkKafka, probe: probeKafka, embedded: embeddedKafka,
	},
	kind.NATS: {
		name: "NATS", local: "nats://127.0.0.1:4222", start: "docker compose --profile nats up -d nats",
		allowed: "nats://user:password@host:4222, nats://user:password@a,b,c, tls://…", check: checkNATS, probe: probeNATS, embedded: embeddedNATS,
	},
}

// Name returns a kind's name for people, such as "RabbitMQ".
func Name(k string) string { return types[k].name }

// amqpParameters are what amqp091-go reads of an address after the "?". It
// ignores all others.
func amqpParameters() []string {
	return []string{
		"certfile", "keyfile", "cacertfile", "server_name_indication",
		"auth_mechanism", "heartbeat", "connection_timeout", "channel_max",
	}
}

func checkAMQP(address string) error {
	if strings.Count(address, "://") > 1 {
		return errors.New("more than one URL; several servers are amqp://user:password@a,b,c/vhost")
	}
	servers, err := rabbitmq.Servers(address)
	if err != nil {
		return err
	}
	u, err := url.Parse(servers[0])
	if err != nil {
		return err
	}
	for name := range u.Query() {
		if !slices.Contains(amqpParameters(), name) {
			return fmt.Errorf("unknown parameter %q", name)
		}
	}
	return nil
}

func checkRedis(url string) error {
	client, err := redis.Open(url, redis.Options{})
	if err != nil {
		return err
	}
	return client.Close()
}

func checkKafka(list string) error {
	for addr := range strings.SplitSeq(list, ",") {
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			return err
		}
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 || host == "" {
			return errors.New("no host and port")
		}
	}
	return nil
}

func checkNATS(address string) error {
	_, err := nats.Servers(address)
	return err
}

func embeddedAMQP(c Choice) (string, func() error, error) {
	server, err := minirabbit.Run(minirabbit.Options{Addr: c.Listen[kind.AMQP], Product: c.AMQPProduct, Version: c.AMQPVersion})
	if err != nil {
		return "", nil, err
	}
	return server.URL(), server.Close, nil
}

func embeddedRedis(c Choice) (string, func() error, error) {
	server, err := redis.StartEmbedded(c.Listen[kind.Redis])
	if err != nil {
		return "", nil, err
	}
	return server.URL(), server.Close, nil
}

func embeddedKafka(c Choice) (string, func() error, error) {
	if err := noAddress("Kafka", c.Listen[kind.Kafka]); err != nil {
		return "", nil, err
	}
	server, err := kafka.StartEmbedded()
	if err != nil {
		return "", nil, err
	}
	return server.Addr(), func() error { server.Close(); return nil }, nil
}

func embeddedNATS(c Choice) (string, func() error, error) {
	if err := noAddress("NATS", c.Listen[kind.NATS]); err != nil {
		return "", nil, err
	}
	server, err := nats.StartEmbedded()
	if err != nil {
		return "", nil, err
	}
	return server.URL(), server.Close, nil
}

// noAddress is the error for an address of an embedded broker that chooses its port.
func noAddress(name, addr string) error {
	if addr != "" {
		return fmt.Errorf("listening at %s: the embedded %s chooses its port", addr, name)
	}
	return nil
}
