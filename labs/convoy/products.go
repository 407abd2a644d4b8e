package convoy

import (
	"slices"
	"strings"

	"resilab/labs/convoy/consumer"
	"resilab/labs/convoy/topology"
	"resilab/labs/convoy/transport"
	"resilab/labs/lab"
)

// Brokers, as the knob engine names them.
const (
	engineRabbitMQ = "rabbitmq"
	engineKafka    = "kafka"
	engineNATS     = "nats"
)

// product is a broker that the lab runs on, and what sets it apart from the others.
type product struct {
	id   string // what the knob engine calls it
	name string // for people
	kind string // what lab.Env opens

	lane func(namespace string, number int) transport.Lane // names a lane
	open func(transport.Options, transport.Events) transport.Transport

	byKey      topology.Rule // how it routes orders by their users
	inTurn     bool          // orders without a key go round all lanes, not to one
	partitions bool          // its lanes are partitions, which count from 0
	unordered  bool          // what a dead consumer had comes again behind later orders
	exported   bool          // there are programs for it
	lacks      []lack
	events     []string // of the log that have a text for it
	// keeps returns why it does not remove a lane in a mode; nil: it removes it. The
	// argument first says whether the lane is the first one or the last.
	keeps func(mode string, first bool) error
}

// lack is a setting that a product has nothing for.
type lack struct{ knob, value, why string }

// products lists the brokers. The first is the default.
func products() []product {
	return []product{rabbitmqProduct(), kafkaProduct(), natsProduct()}
}

func rabbitmqProduct() product {
	return product{
		id: engineRabbitMQ, name: "RabbitMQ", kind: lab.AMQP,
		lane: transport.RabbitLane, open: transport.NewRabbit,
		byKey: topology.ByRing, exported: true,
		lacks: []lack{{"mode", modeShare, "only Kafka has share groups"}},
		keeps: func(string, bool) error { return nil },
	}
}

func kafkaProduct() product {
	return product{
		id: engineKafka, name: "Kafka", kind: lab.Kafka,
		lane: transport.KafkaLane, open: transport.NewKafka,
		byKey: topology.ByPartition, inTurn: true, partitions: true,
		lacks: []lack{
			{"on-failure", string(consumer.Delay), "a partition cannot hold a record back"},
			{"queue-type", queueQuorum, "Kafka has partitions, which it replicates itself"},
			{"mode", modePool, "a Kafka consumer acknowledges a partition up to a record, not one by one"},
			{"adopt", "true", "the members of a Kafka group adopt partitions by themselves"},
		},
		keeps: func(string, bool) error { return transport.ErrNoRemoval },
	}
}

func natsProduct() product {
	return product{
		id: engineNATS, name: "NATS", kind: lab.NATS,
		lane: transport.NATSLane, open: transport.NewNATS,
		byKey: topology.BySubject, partitions: true, unordered: true,
		lacks: []lack{
			{"queue-type", queueQuorum, "NATS has streams, which a cluster of it replicates itself"},
			{"mode", modeShare, "only Kafka has share groups"},
			{"adopt", "true", "NATS does not notice a death, so that no other consumer is the next one"},
		},
		events: []string{"killed", "failed_delay"},
		keeps: func(mode string, first bool) error {
			if first && mode == modeConvoy {
				return transport.ErrNotLast
			}
			return nil
		},
	}
}

// event returns the key of an event's text in the log.
func (p product) event(name string) string {
	key := "convoy.event." + name
	if slices.Contains(p.events, name) {
		key += "_" + p.id
	}
	return key
}

// productOf returns the broker that the settings choose.
func productOf(s lab.Settings) product {
	id, all := s.Text("engine"), products()
	if i := slices.IndexFunc(all, func(p product) bool { return p.id == id }); i >= 0 {
		return all[i]
	}
	return all[0] // the settings were checked
}

// engines returns what the knob engine may say for the products that are so.
func engines(so func(product) bool) (ids []string) {
	for _, p := range products() {
		if so(p) {
			ids = append(ids, p.id)
		}
	}
	return ids
}

func anyProduct(product) bool { return true }

// missing returns what the product lacks of the settings, and whether it lacks any.
func (p product) missing(s lab.Settings) (l lack, ok bool) {
	i := slices.IndexFunc(p.lacks, func(l lack) bool { return s[l.knob].String() == l.value })
	if i < 0 {
		return lack{}, false
	}
	return p.lacks[i], true
}

// refusal is the error for settings that have what the product lacks.
func (l lack) refusal() error {
	have := engines(func(p product) bool {
		return !slices.ContainsFunc(p.lacks, func(other lack) bool { return other.knob == l.knob && other.value == l.value })
	})
	return &lab.KnobError{Knob: l.knob, Value: l.value, Allowed: "with engine " + strings.Join(have, "|") + ": " + l.why}
}
