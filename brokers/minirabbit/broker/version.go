package broker

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"resilab/brokers/minirabbit/chash"
)

// A Version is what the releases of one series of RabbitMQ do. [FindVersion] returns
// it; the zero value is none. Comments name the source in which a difference was
// found: release notes, or a module of rabbitmq-server at a tag.
type Version struct {
	Name    string // of the series, for example "4.1"
	Release string // the release that was read, which clients are told

	MinFrameMax     int   // the smallest frame_max, in bytes
	MaxMessageBytes int64 // the default limit of a body
	Edition08       bool  // AMQP 0-8 is spoken, too
	Anonymous       bool  // guest may log in with the mechanism ANONYMOUS

	globalQos      bool // basic.qos with global limits a channel; otherwise a consumer
	returnsReplies bool // a mandatory direct reply counts as unroutable
	queues         queueRules
	quorum         quorumRules
	deaths         deathRules
	exchanges      exchangeRules
}

// queueRules are what may be declared and consumed.
type queueRules struct {
	// arguments and consumerArguments are those that a kind of queue has, in the
	// order in which faults are reported.
	arguments, consumerArguments map[string][]string
	transient                    bool // may be declared without being exclusive
	masterLocator                bool // x-queue-master-locator may be used
	modes                        bool // x-queue-mode is checked
	version1                     bool // x-queue-version may be 1
}

// quorumRules are how a quorum queue counts and orders what is returned to it.
type quorumRules struct {
	deliveryLimit int64 // without x-delivery-limit
	negativeLimit int64 // what a negative x-delivery-limit means
	countOnGet    bool  // basic.get adds x-delivery-count 0
	// failures separates deliveries that failed, which end with basic.reject or with
	// the channel, from those that a client gave back. Only they count for the
	// delivery limit and in x-delivery-count; x-acquired-count counts all.
	failures bool
}

// appends reports whether a queue without a delivery limit appends what returns.
func (r *quorumRules) appends(why returnReason) bool {
	return why == givenBack || why == rejected && !r.failures
}

// deathRules are how the header x-death is written.
type deathRules struct {
	fromClients bool // x-death of a published message counts
	last        bool // x-last-death-… is written, too
}

// exchangeRules are how messages are routed.
type exchangeRules struct {
	typedHeaders bool // x-consistent-hash hashes a header with its type
	maxWeight    int  // of a binding to x-consistent-hash
	modulusHash  bool // there is the type x-modulus-hash
	// termsByValue compares headers as Erlang's == does: 1 is 1.0. Otherwise they
	// are compared as =:= does, and a timestamp in a message counts as milliseconds.
	termsByValue bool
	maxHashes    int // most words "#" in a binding key of a topic exchange
}

// versions returns the versions, oldest first. Each says what it changed.
func versions() []Version {
	v310 := version310()
	v41 := version41(v310)
	return []Version{v310, v41, version43(v41)}
}

// version310 is the only one that the conformance suite compares with a real server.
func version310() Version {
	return Version{
		Name: "3.10", Release: "3.10.8",
		MinFrameMax: 4096, MaxMessageBytes: 128 << 20, Edition08: true,
		globalQos: true, returnsReplies: true,
		queues: queueRules{
			arguments: queueArguments, consumerArguments: consumerArguments,
			transient: true, masterLocator: true, modes: true, version1: true,
		},
		quorum: quorumRules{deliveryLimit: unlimited, countOnGet: true},
		deaths: deathRules{fromClients: true},
		exchanges: exchangeRules{
			typedHeaders: true, maxWeight: chash.MaxWeight, termsByValue: true, maxHashes: math.MaxInt,
		},
	}
}

func version41(v Version) Version {
	v.Name, v.Release = "4.1", "4.1.4"
	v.MinFrameMax = 8192         // release notes of 4.1.0
	v.MaxMessageBytes = 16 << 20 // release notes of 4.0.1
	v.Edition08 = false          // rabbit_reader of v4.1.4
	v.Anonymous = true           // Makefile of v4.0.1: auth_mechanisms
	v.queues.arguments = withArguments(v.queues.arguments, classic, "x-queue-leader-locator")
	v.queues.consumerArguments = map[string][]string{ // rabbit_classic_queue, rabbit_quorum_queue of v4.1.4
		classic: {"x-priority"},
		quorum:  {"x-priority"},
	}
	v.quorum = quorumRules{
		deliveryLimit: 20,        // release notes of 4.0.1
		negativeLimit: unlimited, // release notes of 4.0.1
		countOnGet:    false,     // rabbit_fifo_client of v4.1.4
	}
	v.deaths = deathRules{
		fromClients: false, // release notes of 4.0.1
		last:        true,  // mc of v4.1.4
	}
	v.exchanges.typedHeaders = false // package chash
	v.exchanges.termsByValue = false // rabbit_exchange_type_headers, mc_amqpl of v4.1.4
	return v
}

func version43(v Version) Version {
	v.Name, v.Release = "4.3", "4.3.5"
	v.globalQos = false                                            // release notes of 4.3.0, rabbit_channel of v4.3.5
	v.returnsReplies = false                                       // release notes of 4.2.0
	v.queues.transient = false                                     // release notes of 4.3.0
	v.queues.masterLocator = false                                 // release notes of 4.3.0
	v.queues.modes = false                                         // rabbit_amqqueue of v4.3.5
	v.queues.version1 = false                                      // release notes of 4.3.0
	v.queues.arguments = withArguments(v.queues.arguments, quorum, // rabbit_quorum_queue of v4.3.5
		"x-consumer-disconnected-timeout", "x-consumer-timeout",
		"x-delayed-retry-type", "x-delayed-retry-min", "x-delayed-retry-max")
	v.queues.consumerArguments = withArguments(v.queues.consumerArguments, quorum, "x-consumer-timeout")
	v.quorum.failures = true       // release notes of 4.3.0, quorum queues guide
	v.exchanges.maxWeight = 10_000 // package chash
	v.exchanges.modulusHash = true // release notes of 4.3.0
	v.exchanges.maxHashes = 2      // release notes of 4.3.5
	return v
}

// withArguments returns the lists of arguments with more of one kind of queue.
func withArguments(lists map[string][]string, kind string, more ...string) map[string][]string {
	all := maps.Clone(lists)
	all[kind] = slices.Concat(all[kind], more)
	return all
}

// DefaultVersion is the version of [Options] that name none.
const DefaultVersion = "3.10"

// FindVersion returns the version of that name; "" stands for [DefaultVersion]. The
// error lists the names that exist.
func FindVersion(name string) (Version, error) {
	if name == "" {
		name = DefaultVersion
	}
	for _, v := range versions() {
		if v.Name == name {
			return v, nil
		}
	}
	return Version{}, fmt.Errorf("unknown RabbitMQ version %q: allowed are %s", name, strings.Join(VersionNames(), ", "))
}

// VersionNames returns the names of all versions, oldest first.
func VersionNames() []string {
	var names []string
	for _, v := range versions() {
		names = append(names, v.Name)
	}
	return names
}
