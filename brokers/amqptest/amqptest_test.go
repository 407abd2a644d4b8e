package amqptest

import (
	"testing"

	"resilab/brokers/brokertest"
)

var brokers brokertest.Shared

func TestMain(m *testing.M) { brokertest.Main(m, &brokers) }

func TestConformance(t *testing.T) {
	t.Run("real", func(t *testing.T) {
		Run(t, Target{URL: brokers.RabbitMQ(t).URL()})
	})
}
