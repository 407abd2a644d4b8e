package amqptest

import (
	"encoding/binary"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// What the benchmark does: one publisher with a window of unconfirmed messages, a
// consistent-hash exchange over three queues, a consumer on each that acks every
// message by itself.
const (
	benchLanes    = 3
	benchWindow   = 500
	benchPrefetch = 250
	benchSize     = 256 // bytes of a message
	benchKeys     = 1000
)

// BenchmarkThroughput compares the brokers in one run, as fast as they go: messages
// a second, and the time from publishing to delivery, most of which is waiting in
// line.
func BenchmarkThroughput(b *testing.B) { benchBoth(b, 0) }

// BenchmarkPaced compares them at a rate that both can do with ease, where the
// time to delivery is the brokers' own.
func BenchmarkPaced(b *testing.B) { benchBoth(b, 5000) }

func benchBoth(b *testing.B, perSecond int) {
	for _, broker := range []struct {
		name   string
		target func(testing.TB) Target
	}{{"embedded", embedded}, {"real", rabbitmq}} {
		b.Run(broker.name, func(b *testing.B) { benchBroker(b, broker.target(b), perSecond) })
	}
}

// benchBroker sends b.N messages, at a rate if it is not 0.
func benchBroker(b *testing.B, target Target, perSecond int) {
	consumer, publisher := benchConn(b, target), benchConn(b, target)
	exchange := name("bench")
	topology, err := publisher.Channel()
	must(b, err)
	must(b, topology.ExchangeDeclare(exchange, "x-consistent-hash", false, true, false, false, nil))

	var wg sync.WaitGroup
	var waits [benchLanes][]time.Duration
	left := make(chan struct{}, b.N)
	start := time.Now()
	for i := range benchLanes {
		ds := benchConsume(b, consumer, exchange)
		wg.Go(func() {
			for d := range ds {
				sent := time.Duration(binary.BigEndian.Uint64(d.Body))
				waits[i] = append(waits[i], time.Since(start)-sent)
				if err := d.Ack(false); err != nil {
					b.Error(err)
				}
				left <- struct{}{}
			}
		})
	}

	ch, err := publisher.Channel()
	must(b, err)
	must(b, ch.Confirm(false))
	confirms := ch.NotifyPublish(make(chan amqp.Confirmation, benchWindow))
	b.ReportAllocs()
	b.ResetTimer()
	begun := time.Now()
	unconfirmed := 0
	for n := range b.N {
		if unconfirmed == benchWindow {
			<-confirms
			unconfirmed--
		}
		if perSecond > 0 {
			time.Sleep(time.Until(begun.Add(time.Duration(n) * time.Second / time.Duration(perSecond))))
		}
		body := make([]byte, benchSize)
		binary.BigEndian.PutUint64(body, uint64(time.Since(start)))
		must(b, ch.Publish(exchange, "user-"+strconv.Itoa(n%benchKeys), false, false, amqp.Publishing{Body: body}))
		unconfirmed++
	}
	for range unconfirmed {
		<-confirms
	}
	for range b.N {
		<-left
	}
	took := time.Since(begun)
	b.StopTimer()
	consumer.Close()
	wg.Wait()
	report(b, took, slices.Concat(waits[:]...))
}

func benchConn(b *testing.B, target Target) *amqp.Connection {
	conn, err := amqp.Dial(target.URL)
	must(b, err)
	b.Cleanup(func() { conn.Close() })
	return conn
}

// benchConsume binds a new queue to the exchange and consumes from it.
func benchConsume(b *testing.B, conn *amqp.Connection, exchange string) <-chan amqp.Delivery {
	ch, err := conn.Channel()
	must(b, err)
	q, err := ch.QueueDeclare("", false, false, true, false, nil)
	must(b, err)
	must(b, ch.QueueBind(q.Name, "1", exchange, false, nil))
	must(b, ch.Qos(benchPrefetch, 0, false))
	ds, err := ch.Consume(q.Name, "", false, false, false, false, nil)
	must(b, err)
	return ds
}

func report(b *testing.B, took time.Duration, waits []time.Duration) {
	slices.Sort(waits)
	quantile := func(q float64) float64 {
		return float64(waits[int(q*float64(len(waits)-1))]) / float64(time.Millisecond)
	}
	b.ReportMetric(float64(b.N)/took.Seconds(), "msgs/s")
	b.ReportMetric(quantile(0.50), "p50-ms")
	b.ReportMetric(quantile(0.99), "p99-ms")
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
