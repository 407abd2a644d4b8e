package minirabbit

import "time"

const (
	// burstSize is the number of messages published without a pause from which a
	// publisher is slowed.
	burstSize = 32
	// longestPace is the longest that a publisher waits for its consumers.
	longestPace = 2 * time.Millisecond
)

// A pacer slows a publisher that publishes without a pause while the consumers of
// its messages are behind, as RabbitMQ's flow control does. Otherwise the messages
// would wait in the queue, where they cost memory and latency, instead of with the
// publisher.
type pacer struct {
	burst  int             // messages published since the last pause
	behind <-chan struct{} // closed once the consumers of the last one caught up; nil if they had
}

// published records a message.
func (p *pacer) published(behind <-chan struct{}) {
	p.burst++
	p.behind = behind
}

// wait waits a little if the publisher has to be slowed, unless stop is closed.
func (p *pacer) wait(stop <-chan struct{}) {
	if p.burst >= burstSize && p.behind != nil {
		timer := time.NewTimer(longestPace)
		defer timer.Stop()
		select {
		case <-p.behind:
		case <-timer.C:
		case <-stop:
		}
	}
	p.burst, p.behind = 0, nil
}
