package minirabbit_test

import (
	"context"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"resilab/brokers/minirabbit"
)

// Any AMQP 0-9-1 client connects to a server by its URL.
func ExampleRun() {
	server, err := minirabbit.Run(minirabbit.Options{})
	if err != nil {
		panic(err)
	}
	defer server.Close()

	conn, ch := dial(server)
	defer conn.Close()
	queue, _ := ch.QueueDeclare("orders", false, false, false, false, nil)
	ch.Publish("", queue.Name, false, false, amqp.Publishing{Body: []byte("order 1")})
	deliveries, _ := ch.Consume(queue.Name, "", true, false, false, false, nil)
	fmt.Printf("%s\n", (<-deliveries).Body)
	// Output: order 1
}

// With Version a server behaves like a later RabbitMQ. Since 4.0 a quorum queue drops
// a message that failed more than 20 times.
func ExampleOptions_version() {
	server, err := minirabbit.Run(minirabbit.Options{Version: "4.1"})
	if err != nil {
		panic(err)
	}
	defer server.Close()
	conn, ch := dial(server)
	defer conn.Close()
	ch.QueueDeclare("orders", true, false, false, false, amqp.Table{"x-queue-type": "quorum"})
	ch.Publish("", "orders", false, false, amqp.Publishing{Body: []byte("poison")})
	deliveries := 0
	for d, ok, _ := ch.Get("orders", false); ok; d, ok, _ = ch.Get("orders", false) {
		deliveries++
		d.Reject(true)
	}
	fmt.Println(deliveries, "deliveries")
	// Output: 21 deliveries
}

// A test publishes to the code under test, waits until it has acknowledged, and
// looks at what it left in its queues.
func ExampleServer_Queue() {
	server, err := minirabbit.Run(minirabbit.Options{})
	if err != nil {
		panic(err)
	}
	defer server.Close()
	conn, ch := dial(server)
	defer conn.Close()
	ch.QueueDeclare("orders", false, false, false, false, nil)
	ch.QueueDeclare("invoices", false, false, false, false, nil)

	// The code under test writes an invoice for each order.
	orders, _ := ch.Consume("orders", "", false, false, false, false, nil)
	go func() {
		for order := range orders {
			ch.Publish("", "invoices", false, false, amqp.Publishing{Body: append([]byte("invoice for "), order.Body...)})
			order.Ack(false)
		}
	}()

	server.Publish("", "orders", []byte("order 1"))
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := server.Queue("orders").WaitForAcks(ctx, 1); err != nil {
		panic(err)
	}
	for _, m := range server.Queue("invoices").Messages() {
		fmt.Printf("%s\n", m.Body)
	}
	// Output: invoice for order 1
}

// The next queue.declare of any client fails as if an exclusive queue of that name
// existed.
func ExampleServer_Fail() {
	server, err := minirabbit.Run(minirabbit.Options{})
	if err != nil {
		panic(err)
	}
	defer server.Close()
	conn, ch := dial(server)
	defer conn.Close()

	server.Fail("queue.declare").With(405).Times(1)
	_, err = ch.QueueDeclare("orders", false, false, false, false, nil)
	fmt.Println(err.(*amqp.Error).Code)

	ch, _ = conn.Channel() // the failure closed the channel
	_, err = ch.QueueDeclare("orders", false, false, false, false, nil)
	fmt.Println(err)
	// Output:
	// 405
	// <nil>
}

// With a manual clock messages expire when the test advances it.
func ExampleManualClock() {
	clock := minirabbit.NewManualClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	server, err := minirabbit.Run(minirabbit.Options{Clock: clock})
	if err != nil {
		panic(err)
	}
	defer server.Close()
	conn, ch := dial(server)
	defer conn.Close()
	ch.QueueDeclare("later", false, false, false, false, amqp.Table{
		"x-message-ttl": 60_000, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "now",
	})
	ch.QueueDeclare("now", false, false, false, false, nil)

	server.Publish("", "later", []byte("reminder"))
	clock.Advance(59 * time.Second)
	fmt.Println(len(server.Queue("later").Messages()), len(server.Queue("now").Messages()))
	clock.Advance(time.Second)
	fmt.Println(len(server.Queue("later").Messages()), len(server.Queue("now").Messages()))
	// Output:
	// 1 0
	// 0 1
}

func dial(server *minirabbit.Server) (*amqp.Connection, *amqp.Channel) {
	conn, err := amqp.Dial(server.URL())
	if err != nil {
		panic(err)
	}
	ch, err := conn.Channel()
	if err != nil {
		panic(err)
	}
	return conn, ch
}
