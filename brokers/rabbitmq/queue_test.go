package rabbitmq

import (
	"errors"
	"fmt"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

// TestStateOf uses the replies of RabbitMQ 3.10: the code is the same for a queue
// that is down and one that was deleted.
func TestStateOf(t *testing.T) {
	notFound := func(reason string) error {
		return fmt.Errorf("consuming: %w", &amqp.Error{Code: amqp.NotFound, Reason: reason})
	}
	for name, tc := range map[string]struct {
		err  error
		want QueueState
	}{
		"deleted":         {notFound("NOT_FOUND - no queue 'a.lane-1' in vhost '/'"), QueueGone},
		"its node down":   {notFound("NOT_FOUND - home node 'rabbit@b' of durable queue 'a.lane-1' in vhost '/' is down or inaccessible"), QueueDown},
		"its process":     {notFound("NOT_FOUND - queue 'a.lane-1' in vhost '/' process is stopped by supervisor"), QueueDown},
		"cancelled":       {ErrCancelled, QueueGone},
		"something else":  {errors.New("EOF"), QueueReady},
		"another refusal": {&amqp.Error{Code: amqp.AccessRefused}, QueueReady},
		"nothing":         {nil, QueueReady},
	} {
		if got := StateOf(tc.err); got != tc.want {
			t.Errorf("%s: state %d, want %d", name, got, tc.want)
		}
	}
	if !AccessRefused(notFoundAs(amqp.AccessRefused)) || AccessRefused(notFoundAs(amqp.NotFound)) {
		t.Error("a refused user is not told from a missing queue")
	}
}

func notFoundAs(code int) error { return fmt.Errorf("declaring: %w", &amqp.Error{Code: code}) }

func TestQueueState(t *testing.T) {
	worlds(t, func(t *testing.T, url string) {
		c := connect(t, url)
		if state, err := c.QueueState("no-such-queue"); err != nil || state != QueueGone {
			t.Errorf("a queue that is none: %d, %v", state, err)
		}
		ch, err := c.Channel()
		if err != nil {
			t.Fatal(err)
		}
		name := t.Name()
		if _, err := ch.QueueDeclare(name, true, false, false, false, nil); err != nil {
			t.Fatal(err)
		}
		if state, err := c.QueueState(name); err != nil || state != QueueReady {
			t.Errorf("a queue that is there: %d, %v", state, err)
		}
		if _, err := ch.QueueDelete(name, false, false, false); err != nil {
			t.Error(err)
		}
	})
}
