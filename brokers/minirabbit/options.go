package minirabbit

import (
	"log/slog"
	"time"

	"resilab/brokers/minirabbit/broker"
)

// Options of a [Server]. The zero value is a server on a free port of the loopback
// interface with the user guest. Zero fields mean the defaults that are named.
type Options struct {
	Addr string // host and port to listen on: a free port of the loopback interface
	// Product is the product in the server's properties: "resilab minirabbit". Some
	// clients' own tests check more if it is "RabbitMQ".
	Product string
	// Users maps names to passwords: guest with the password guest.
	Users  map[string]string
	VHosts []string // the virtual hosts that exist: only "/"

	// QueueLimitBytes is the memory one queue's messages may take, waiting and
	// unacknowledged, before its publishers are held back: 64 MiB. A held
	// connection is not read, as in RabbitMQ, so publish and consume on
	// different ones.
	QueueLimitBytes int64
	// MemoryLimitBytes is the same for all queues together: 1 GiB.
	MemoryLimitBytes int64
	// MaxMessageBytes is the largest body: 128 MiB.
	MaxMessageBytes int64

	// Suggested to the client, which may choose less.
	Heartbeat  time.Duration // 60 s, in whole seconds; negative is none
	FrameMax   int           // 131072 bytes; at least 4096
	ChannelMax int           // 2047

	Logger *slog.Logger // silent
	Clock  broker.Clock // for times to live: the wall clock
}

const (
	defaultFrameMax   = 131072
	defaultChannelMax = 2047
	minFrameMax       = 4096
)

func (o Options) withDefaults() Options {
	setDefault(&o.Product, "resilab minirabbit")
	setDefault(&o.MaxMessageBytes, 128<<20)
	setDefault(&o.Heartbeat, time.Minute)
	setDefault(&o.FrameMax, defaultFrameMax)
	setDefault(&o.ChannelMax, defaultChannelMax)
	setDefault(&o.Logger, slog.New(slog.DiscardHandler))
	if o.Users == nil {
		o.Users = map[string]string{"guest": "guest"}
	}
	o.Heartbeat = max(o.Heartbeat, 0)
	o.FrameMax = max(o.FrameMax, minFrameMax)
	o.ChannelMax = min(o.ChannelMax, 65535)
	return o
}

func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}
