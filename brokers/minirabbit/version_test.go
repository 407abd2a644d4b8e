package minirabbit

import (
	"errors"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"resilab/brokers/minirabbit/broker"
	"resilab/brokers/minirabbit/codec"
)

func TestUnknownVersion(t *testing.T) {
	const want = `reading Options.Version: unknown RabbitMQ version "4.2": allowed are 3.10, 4.1, 4.3`
	if _, err := Run(Options{Version: "4.2"}); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestVersionsOnTheWire: what versions do differently outside of the broker.
func TestVersionsOnTheWire(t *testing.T) {
	for _, tt := range []struct {
		name, release, mechanisms string
		frameMax                  int
		message                   int
		edition08                 bool
	}{
		{"", "3.10.8", "PLAIN AMQPLAIN", 4096, 128 << 20, true},
		{"3.10", "3.10.8", "PLAIN AMQPLAIN", 4096, 128 << 20, true},
		{"4.1", "4.1.4", "PLAIN AMQPLAIN ANONYMOUS", 8192, 16 << 20, false},
		{"4.3", "4.3.5", "PLAIN AMQPLAIN ANONYMOUS", 8192, 16 << 20, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := run(t, Options{Version: tt.name})
			p := s.dial(t, "version")
			if got := p.conn.Properties["version"]; got != tt.release {
				t.Errorf("the server says version %v, want %s", got, tt.release)
			}
			p.queue("q", amqp.Table{"x-queue-type": "quorum"})
			p.publish("q", "m")
			if d := receive(t, p.consume("q", true), "delivery"); string(d.Body) != "m" {
				t.Errorf("received %q", d.Body)
			}
			if s.options.MaxMessageBytes != int64(tt.message) {
				t.Errorf("messages may have %d bytes, want %d", s.options.MaxMessageBytes, tt.message)
			}
			r := rawDial(t, s.Addr())
			r.send([]byte(protocolHeader))
			if got := want[*codec.ConnectionStart](r).Mechanisms; got != tt.mechanisms {
				t.Errorf("offered %s, want %s", got, tt.mechanisms)
			}
			wantFrameMax(t, s, tt.frameMax)
			wantEdition08(t, s, tt.edition08)
		})
	}
}

// wantFrameMax negotiates the smallest frame_max and one below.
func wantFrameMax(t *testing.T, s *Server, least int) {
	t.Helper()
	conn, err := amqp.DialConfig(s.URL(), amqp.Config{FrameSize: least})
	if err != nil {
		t.Fatalf("frame_max %d: %v", least, err)
	}
	conn.Close()
	r := rawDial(t, s.Addr())
	r.send([]byte(protocolHeader))
	want[*codec.ConnectionStart](r)
	r.method(0, &codec.ConnectionStartOk{Mechanism: "PLAIN", Response: []byte("\x00guest\x00guest"), Locale: "en_US"})
	want[*codec.ConnectionTune](r)
	r.method(0, &codec.ConnectionTuneOk{ChannelMax: 10, FrameMax: uint32(least - 1)})
	if _, err := r.in.Next(); err == nil {
		t.Errorf("frame_max %d was accepted", least-1)
	}
}

// wantEdition08 begins with the header of AMQP 0-8. A server that does not speak it
// answers with the header of 0-9-1.
func wantEdition08(t *testing.T, s *Server, spoken bool) {
	t.Helper()
	r := rawDial(t, s.Addr())
	r.send([]byte("AMQP\x01\x01\x08\x00"))
	answer, err := r.in.Raw(len(protocolHeader))
	if err != nil {
		t.Fatal(err)
	}
	if refused := string(answer) == protocolHeader; refused == spoken {
		t.Errorf("0-8 was answered with %q", answer)
	}
}

// TestAnonymous logs in without a password where the version allows it.
func TestAnonymous(t *testing.T) {
	for _, tt := range []struct {
		options Options
		ok      bool
	}{
		{Options{}, false},
		{Options{Version: "4.1"}, true},
		{Options{Version: "4.1", Users: map[string]string{"guest": "secret"}}, false},
	} {
		_, err := amqp.DialConfig(run(t, tt.options).URL(), amqp.Config{SASL: []amqp.Authentication{anonymousLogin{}}})
		if (err == nil) != tt.ok {
			t.Errorf("version %q with %v: %v", tt.options.Version, tt.options.Users, err)
		}
	}
}

type anonymousLogin struct{}

func (anonymousLogin) Mechanism() string { return anonymous }
func (anonymousLogin) Response() string  { return "visitor" }

// TestTransientQueueIsRefused: the reply closes the connection and names the method,
// and its text is cut to 255 bytes.
func TestTransientQueueIsRefused(t *testing.T) {
	s := run(t, Options{Version: "4.3"})
	_, err := s.dial(t, "client").QueueDeclare("q", false, false, false, false, nil)
	var reply *amqp.Error
	if !errors.As(err, &reply) || reply.Code != broker.InternalError || len(reply.Reason) != 255 ||
		!strings.HasPrefix(reply.Reason, "INTERNAL_ERROR - Feature `transient_nonexcl_queues` is deprecated.\nBy default, this feature is not permitted anymore.\n") {
		t.Errorf("got %v", err)
	}
	r := rawDial(t, s.Addr())
	r.tune(0, 8192)
	r.method(1, &codec.ChannelOpen{})
	want[*codec.ChannelOpenOk](r)
	r.method(1, &codec.QueueDeclare{Queue: "q"})
	declare := (*codec.QueueDeclare)(nil).ID()
	if c := want[*codec.ConnectionClose](r); c.ClassID != declare.Class() || c.MethodID != declare.Method() {
		t.Errorf("the reply names class %d and method %d", c.ClassID, c.MethodID)
	}
}
