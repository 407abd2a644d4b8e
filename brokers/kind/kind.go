// Package kind names the kinds of brokers. It imports nothing, so that a lab
// can say what it needs without linking what opens it.
package kind

// Kinds of brokers. The flag that gives the address of one is its kind with
// "-url" behind it.
const (
	AMQP  = "amqp"  // RabbitMQ
	Redis = "redis" // Redis
	Kafka = "kafka" // Kafka
	NATS  = "nats"  // NATS with JetStream
)

// All lists the kinds in the order in which they are shown.
func All() []string { return []string{AMQP, Redis, Kafka, NATS} }
