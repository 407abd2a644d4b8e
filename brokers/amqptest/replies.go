package amqptest

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

//go:embed testdata/replies.txt
var repliesText string

// reply is a line of testdata/replies.txt.
type reply struct{ name, closes, text string }

// replies returns the lines of testdata/replies.txt.
func replies() []reply {
	var all []reply
	for line := range strings.Lines(repliesText) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.SplitN(line+" ", " | ", 3)
		r := reply{name: f[0], closes: strings.TrimSuffix(f[1], " |")}
		if len(f) == 3 {
			r.text = strings.TrimSpace(f[2])
		}
		all = append(all, r)
	}
	return all
}

// replyTests does what every line of the file names, and expects the reply. The
// texts contain the names of queues and exchanges, so these are fixed here.
func replyTests() []test {
	actions := replyActions()
	var tests []test
	for _, r := range replies() {
		do := actions[r.name]
		delete(actions, r.name)
		tests = append(tests, test{r.name, func(t *testing.T, b broker) {
			if do == nil {
				t.Fatal("no action is defined for this reply")
			}
			s := newScene(t, b)
			if got := s.outcome(do(s)); got != (reply{r.name, r.closes, r.text}).outcome() {
				t.Errorf("got  %s\nwant %s", got, reply{r.name, r.closes, r.text}.outcome())
			}
		}})
	}
	for name := range actions {
		tests = append(tests, test{name, func(t *testing.T, _ broker) { t.Fatal("no reply is defined for this action") }})
	}
	return tests
}

func (r reply) outcome() string { return strings.TrimSpace(r.closes + " " + r.text) }

// scene is what the actions find: queues e.q (holding one message), e.c (with a
// consumer), e.excl (another connection's), exchanges e.x, e.u (in use) and e.int
// (internal).
type scene struct {
	*channel
	other *channel
}

func newScene(t *testing.T, b broker) *scene {
	t.Helper()
	s := &scene{b.channel(t), b.channel(t)}
	s.clear()
	t.Cleanup(func() { (&scene{b.channel(t), nil}).clear() })
	for _, q := range []string{"e.q", "e.c"} {
		_, err := s.QueueDeclare(q, false, false, false, false, nil)
		s.ok(err)
	}
	_, err := s.other.QueueDeclare("e.excl", false, false, true, false, nil)
	s.ok(err)
	for x, internal := range map[string]bool{"e.x": false, "e.u": false, "e.int": true} {
		s.ok(s.ExchangeDeclare(x, "direct", false, false, internal, false, nil))
	}
	s.bind("e.q", "k", "e.u", nil)
	s.publish("", "e.q", "waiting")
	return s
}

func (s *scene) clear() {
	for _, q := range []string{"e.q", "e.c", "e.none"} {
		_, err := s.QueueDelete(q, false, false, false)
		s.ok(err)
	}
	for _, x := range []string{"e.x", "e.u", "e.int", "e.none"} {
		s.ok(s.ExchangeDelete(x, false, false))
	}
}

// outcome returns what an action closed, and the reason. If the call returned no
// error, one more round trip shows whether the broker closed something.
func (s *scene) outcome(err error) string {
	if err == nil {
		err = s.ExchangeDeclarePassive("amq.direct", "direct", true, false, false, false, nil)
	}
	if err == nil {
		return "nothing"
	}
	closes := "channel"
	if s.conn.IsClosed() {
		closes = "connection"
	}
	var e *amqp.Error
	if !errors.As(err, &e) {
		return fmt.Sprintf("%s %v", closes, err)
	}
	if !e.Server { // the client saw that the channel was closed, but not why
		if reason := receive(s.t, s.closed, "reason"); reason != nil {
			e = reason
		}
	}
	return fmt.Sprintf("%s %d %s", closes, e.Code, e.Reason)
}
