package faultproxy_test

import (
	"context"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"

	"resilab/brokers/faultproxy"
	"resilab/brokers/minirabbit"
)

// A client behind a proxy loses its connection in an outage and connects again
// afterwards.
func Example() {
	broker, err := minirabbit.Run(minirabbit.Options{})
	if err != nil {
		panic(err)
	}
	defer broker.Close()
	proxy, err := faultproxy.New(context.Background(), broker.Addr(), 1)
	if err != nil {
		panic(err)
	}
	defer proxy.Close()

	url := "amqp://guest:guest@" + proxy.Addr() + "/"
	conn, err := amqp.Dial(url)
	if err != nil {
		panic(err)
	}
	closed := conn.NotifyClose(make(chan *amqp.Error, 1))

	proxy.Down(faultproxy.Refuse)
	fmt.Println("lost:", <-closed != nil)
	_, err = amqp.Dial(url)
	fmt.Println("refused:", err != nil)

	proxy.Up()
	conn, err = amqp.Dial(url)
	fmt.Println("back:", err == nil)
	conn.Close()
	// Output:
	// lost: true
	// refused: true
	// back: true
}
