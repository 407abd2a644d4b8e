package gateway

import "time"

// Config describes how the gateway behaves. The zero value answers at once and never
// fails. Rates are shares from 0 to 1.
type Config struct {
	Seed uint64
	// FailureRate of the requests get 503 before anything is done for them.
	FailureRate float64
	// FailFirst makes the first attempts of every operation fail with 503.
	FailFirst int
	// Latency is the median time of an answer; the times are log-normal.
	Latency time.Duration
	// SlowRate of the answers take SlowFactor times as long.
	SlowRate float64
	// LostRate of the requests are carried out, but the connection breaks before
	// the answer.
	LostRate float64
	// DeclineRate of the payments are declined with 402, at every attempt.
	DeclineRate float64
	// Limit is how many requests are let in each second; the others get 429 and
	// are asked to come back after RetryAfter. 0: no limit.
	Limit      int
	RetryAfter time.Duration
	// Capacity is how many requests are worked on at once; 0: no limit. Up to
	// QueueLimit others wait, even if their client has disconnected; the next get 503.
	Capacity, QueueLimit int
	// Outages begin after OutageStart and then every OutageEvery (0: once), and
	// last Outage (0: none). Connections are reset meanwhile.
	Outage, OutageStart, OutageEvery time.Duration
}

const (
	// SlowFactor is how much longer a slow answer takes.
	SlowFactor = 20
	// LatencySpread is σ of the log-normal times: 95 % lie within a factor of 2
	// of the median.
	LatencySpread = 0.35
)

// down reports whether a planned outage covers the moment.
func (c *Config) down(sinceStart time.Duration) bool {
	since := sinceStart - c.OutageStart
	if c.Outage <= 0 || since < 0 {
		return false
	}
	if c.OutageEvery > 0 {
		since %= c.OutageEvery
	}
	return since < c.Outage
}
