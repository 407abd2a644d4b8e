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
	// Version is the series of RabbitMQ that the server behaves like: "3.10", "4.1"
	// or "4.3"; the package comment lists how they differ. The default is "3.10",
	// the only one that is compared with a real server.
	Version string

	// QueueLimitBytes is the memory one queue's messages may take, waiting and
	// unacknowledged, before its publishers are held back: 64 MiB. A held
	// connection is not read, as in RabbitMQ, so publish and consume on
	// different ones.
	QueueLimitBytes int64
	// MemoryLimitBytes is the same for all queues together: 1 GiB.
	MemoryLimitBytes int64
	// MaxMessageBytes is the largest body: 128 MiB, and 16 MiB from version 4.1 on.
	MaxMessageBytes int64

	// Suggested to the client, which may choose less.
	Heartbeat  time.Duration // 60 s, in whole seconds; negative is none
	FrameMax   int           // 131072 bytes; at least 4096, and 8192 from version 4.1 on
	ChannelMax int           // 2047

	Logger *slog.Logger // silent
	Clock  broker.Clock // for times to live: the wall clock
}

const (
	defaultFrameMax   = 131072
	defaultChannelMax = 2047
)

// withDefaults replaces zero fields by the defaults of a version.
func (o Options) withDefaults(v *broker.Version) Options {
	setDefault(&o.Product, "resilab minirabbit")
	setDefault(&o.MaxMessageBytes, v.MaxMessageBytes)
	setDefault(&o.Heartbeat, time.Minute)
	setDefault(&o.FrameMax, defaultFrameMax)
	setDefault(&o.ChannelMax, defaultChannelMax)
	setDefault(&o.Logger, slog.New(slog.DiscardHandler))
	if o.Users == nil {
		o.Users = map[string]string{"guest": "guest"}
	}
	o.Heartbeat = max(o.Heartbeat, 0)
	o.FrameMax = max(o.FrameMax, v.MinFrameMax)
	o.ChannelMax = min(o.ChannelMax, 65535)
	return o
}

// Versions returns the values that Options.Version may have, oldest first.
func Versions() []string { return broker.VersionNames() }

func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}
