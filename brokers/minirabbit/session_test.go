package minirabbit

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"resilab/brokers/minirabbit/codec"
)

// pipe connects a raw client to a server that has no listener, so that time in
// a synctest bubble can pass.
func (s *Server) pipe(t testing.TB) *rawClient {
	ours, theirs := net.Pipe()
	s.start(theirs, nil)
	return newRaw(t, ours)
}

func TestHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := unlistened(Options{})
		defer s.Close()
		r := s.pipe(t)
		r.login(10)
		start := time.Now()
		beats := 0
		for {
			_ = r.conn.SetReadDeadline(time.Time{})
			f, err := r.in.Next()
			if err != nil {
				break
			}
			if f.Type != codec.FrameHeartbeat {
				t.Fatalf("a frame of type %d", f.Type)
			}
			beats++
			if at := time.Since(start); at != time.Duration(beats+1)*5*time.Second {
				t.Errorf("heartbeat %d after %v, want two in each interval of 10 s", beats, at)
			}
			if beats <= 6 { // then silence
				r.send(codec.AppendHeartbeat(nil))
			}
		}
		if silent := time.Since(start); beats < 8 || silent < 40*time.Second || silent > 65*time.Second {
			t.Errorf("closed after %v and %d heartbeats", silent, beats)
		}
	})
}

func TestNoHeartbeatsWhenTheClientWantsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := unlistened(Options{})
		r := s.pipe(t)
		r.login(0)
		time.Sleep(24 * time.Hour)
		r.method(1, &codec.ChannelOpen{})
		want[*codec.ChannelOpenOk](r)
		r.conn.Close()
		s.Close()
	})
}

func TestSilentClientIsDisconnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := unlistened(Options{})
		defer s.Close()
		r := s.pipe(t)
		start := time.Now()
		if _, err := io.Copy(io.Discard, r.conn); err != nil || time.Since(start) != answerTimeout {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

// TestClientThatDoesNotAnswerACloseIsDisconnected and receives nothing more.
func TestClientThatDoesNotAnswerACloseIsDisconnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := unlistened(Options{})
		defer s.Close()
		r := s.pipe(t)
		r.login(0)
		r.method(1, &codec.QueueDeclare{Queue: "q"})
		if c := want[*codec.ConnectionClose](r); c.ReplyCode != 504 {
			t.Errorf("closed with %d %s", c.ReplyCode, c.ReplyText)
		}
		r.method(2, &codec.ChannelOpen{})
		_ = r.conn.SetReadDeadline(time.Time{})
		if rest, err := io.ReadAll(r.conn); err != nil || len(rest) > 0 {
			t.Errorf("then came %q, %v", rest, err)
		}
	})
}

// TestClientThatReadsNothingIsNotRead: its requests would use up memory. Once it
// reads, it receives everything.
func TestClientThatReadsNothingIsNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := unlistened(Options{})
		defer s.Close()
		r := s.pipe(t)
		r.open()
		const size = 1 << 20
		bounced := codec.AppendMethod(nil, 1, &codec.BasicPublish{RoutingKey: "nowhere", Mandatory: true})
		bounced = codec.AppendContent(bounced, 1, []byte{0, 0}, make([]byte, size), minFrameMax)
		sent := 0
		left := bounced
		for ; sent < 100; sent++ {
			left = bounced
			_ = r.conn.SetWriteDeadline(time.Now().Add(time.Hour))
			n, err := r.conn.Write(left)
			left = left[n:]
			if err != nil {
				break
			}
		}
		if sent*size > floodSize+2*size {
			t.Fatalf("the server took %d messages of a client that reads nothing", sent)
		}
		var writing sync.WaitGroup
		writing.Go(func() {
			_ = r.conn.SetWriteDeadline(time.Time{})
			_, _ = r.conn.Write(left)
		})
		for range sent + 1 {
			if m := want[*codec.BasicReturn](r); m.RoutingKey != "nowhere" {
				t.Fatalf("returned %+v", m)
			}
		}
		writing.Wait()
		r.conn.Close()
	})
}

// TestUnfinishedMessagesAreBounded: what never becomes complete takes memory, too.
func TestUnfinishedMessagesAreBounded(t *testing.T) {
	const size = 40_000
	const lastFrame = size%(minFrameMax-codec.FrameOverhead) + codec.FrameOverhead
	s := run(t, Options{MemoryLimitBytes: 100_000})
	r := rawDial(t, s.Addr())
	r.login(0)
	for ch := uint16(1); ch <= 10; ch++ {
		half := codec.AppendMethod(nil, ch, &codec.ChannelOpen{})
		half = codec.AppendMethod(half, ch, &codec.BasicPublish{Exchange: "amq.direct"})
		whole := codec.AppendContent(half, ch, []byte{0, 0}, make([]byte, size), minFrameMax)
		r.send(whole[:len(whole)-lastFrame])
	}
	var opened int
	for {
		f, err := r.in.Next()
		if err != nil {
			t.Fatal(err)
		}
		_, m, err := r.methods.Read(f.Payload)
		if refused, ok := m.(*codec.ConnectionClose); ok {
			if refused.ReplyCode != 506 || opened < 3 {
				t.Errorf("after %d channels: %d %s", opened, refused.ReplyCode, refused.ReplyText)
			}
			break
		}
		if _, ok := m.(*codec.ChannelOpenOk); !ok {
			t.Fatalf("got %#v, %v", m, err)
		}
		opened++
	}
	r.method(0, &codec.ConnectionCloseOk{})
	becomes(t, "nothing is left", func() bool { return s.Snapshot().Bytes == 0 })
}

func TestAMQPLAIN(t *testing.T) {
	s := run(t, Options{Users: map[string]string{"student": "secret"}})
	for password, welcome := range map[string]bool{"secret": true, "wrong": false} {
		conn, err := amqp.DialConfig("amqp://"+s.Addr(), amqp.Config{
			SASL: []amqp.Authentication{&amqp.AMQPlainAuth{Username: "student", Password: password}},
		})
		if (err == nil) != welcome {
			t.Errorf("password %q: %v", password, err)
		}
		if conn != nil {
			conn.Close()
		}
	}
}

func TestFrameMaxBothWays(t *testing.T) {
	s := run(t, Options{})
	big := bytes.Repeat([]byte("0123456789"), 1_000_000)
	for _, frameMax := range []int{minFrameMax, 10_001, 131072} {
		conn, err := amqp.DialConfig(s.URL(), amqp.Config{FrameSize: frameMax})
		if err != nil {
			t.Fatal(err)
		}
		p := &peer{t: t, conn: conn}
		p.Channel, err = conn.Channel()
		p.ok(err)
		q, err := p.QueueDeclare("", false, false, true, false, nil)
		p.ok(err)
		p.publish(q.Name, string(big), "")
		ds := p.consume(q.Name, true)
		if d := receive(t, ds, "a large message"); !bytes.Equal(d.Body, big) {
			t.Errorf("frames of %d: got %d bytes", frameMax, len(d.Body))
		}
		if d := receive(t, ds, "an empty message"); len(d.Body) != 0 {
			t.Errorf("got %q", d.Body)
		}
		conn.Close()
	}
}

func TestMessageTooLarge(t *testing.T) {
	s := run(t, Options{MaxMessageBytes: 1000})
	p := s.dial(t, "")
	closed := p.NotifyClose(make(chan *amqp.Error, 1))
	p.queue("q", nil)
	p.publish("q", string(make([]byte, 1001)))
	err := receive(t, closed, "the end of the channel")
	if err == nil || err.Code != 406 || err.Reason != "PRECONDITION_FAILED - message size 1001 is larger than configured max size 1000" {
		t.Errorf("the client received %v", err)
	}
}

// TestConfirmsComeInOrderAndTogether: a burst is confirmed with fewer frames
// than it has messages, and refusals among it keep their numbers.
func TestConfirmsComeInOrderAndTogether(t *testing.T) {
	s := run(t, Options{})
	r := rawDial(t, s.Addr())
	r.open()
	r.method(1, &codec.QueueDeclare{Queue: "small", Exclusive: true, Arguments: codec.Table{
		{Name: "x-max-length", Value: int32(0)}, {Name: "x-overflow", Value: "reject-publish"},
	}})
	want[*codec.QueueDeclareOk](r)
	r.method(1, &codec.QueueDeclare{Queue: "large", Exclusive: true})
	want[*codec.QueueDeclareOk](r)
	r.method(1, &codec.ConfirmSelect{})
	want[*codec.ConfirmSelectOk](r)
	const messages, refusedEvery = 300, 50
	var burst []byte
	for i := 1; i <= messages; i++ {
		queue := "large"
		if i%refusedEvery == 0 {
			queue = "small"
		}
		burst = codec.AppendMethod(burst, 1, &codec.BasicPublish{RoutingKey: queue})
		burst = codec.AppendContent(burst, 1, []byte{0, 0}, []byte("m"), minFrameMax)
	}
	r.send(burst)
	var done uint64
	frames := 0
	for done < messages {
		tag, n, refused := r.confirm()
		frames++
		if n == 1 && tag != done+1 || tag <= done {
			t.Fatalf("confirmed %d after %d", tag, done)
		}
		if refused != (tag%refusedEvery == 0) || refused && n != 1 {
			t.Fatalf("%d refused: %v", tag, refused)
		}
		if n > 1 && tag/refusedEvery != done/refusedEvery {
			t.Fatalf("%d to %d confirmed together, over a refused one", done+1, tag)
		}
		done = tag
	}
	if frames > messages/3 {
		t.Errorf("%d frames for %d messages", frames, messages)
	}
}

// confirm reads an ack or a nack: its tag and 1, or 2 where it may stand for
// more than one.
func (r *rawClient) confirm() (tag uint64, n int, refused bool) {
	r.t.Helper()
	f, err := r.in.Next()
	if err != nil {
		r.t.Fatal(err)
	}
	_, m, err := r.methods.Read(f.Payload)
	switch m := m.(type) {
	case *codec.BasicAck:
		if m.Multiple {
			return m.DeliveryTag, 2, false
		}
		return m.DeliveryTag, 1, false
	case *codec.BasicNack:
		return m.DeliveryTag, 1, true
	}
	r.t.Fatalf("got %#v, %v", m, err)
	return 0, 0, false
}

func TestUnroutableMandatoryComesBackBeforeItsConfirm(t *testing.T) {
	s := run(t, Options{})
	r := rawDial(t, s.Addr())
	r.open()
	r.method(1, &codec.ConfirmSelect{})
	want[*codec.ConfirmSelectOk](r)
	burst := codec.AppendMethod(nil, 1, &codec.BasicPublish{RoutingKey: "nowhere", Mandatory: true})
	r.send(codec.AppendContent(burst, 1, []byte{0, 0}, []byte("m"), minFrameMax))
	if m := want[*codec.BasicReturn](r); m.ReplyCode != 312 || m.ReplyText != "NO_ROUTE" || m.RoutingKey != "nowhere" {
		t.Errorf("returned %+v", m)
	}
	if m := want[*codec.BasicAck](r); m.DeliveryTag != 1 {
		t.Errorf("confirmed %+v", m)
	}
}

// TestManyClientsAtOnce lets everything run against everything, for the race
// detector, and loses nothing.
func TestManyClientsAtOnce(t *testing.T) {
	s := run(t, Options{})
	const pairs, messages = 4, 500
	setup := s.dial(t, "")
	setup.ok(setup.ExchangeDeclare("x", "x-consistent-hash", true, false, false, false, nil))
	got := make(chan string, pairs*messages)
	for i := range pairs {
		queue := fmt.Sprint("q", i)
		c := s.dial(t, "")
		c.queue(queue, nil)
		c.ok(c.QueueBind(queue, "1", "x", false, nil))
		c.ok(c.Qos(20, 0, false))
		ds := c.consume(queue, false)
		go func() {
			n := 0
			for d := range ds {
				if n++; n%7 == 0 && !d.Redelivered {
					_ = d.Nack(false, true)
					continue
				}
				_ = d.Ack(false)
				got <- string(d.Body)
			}
		}()
	}
	for i := range pairs {
		p := s.dial(t, "")
		go func() {
			for n := range messages {
				body := fmt.Sprint(i, " ", n)
				_ = p.PublishWithContext(context.Background(), "x", body, false, false, amqp.Publishing{Body: []byte(body)})
			}
		}()
	}
	seen := map[string]bool{}
	for range pairs * messages {
		body := receive(t, got, "a message")
		if seen[body] {
			t.Errorf("%q came twice", body)
		}
		seen[body] = true
		if len(seen)%100 == 0 {
			s.Snapshot()
		}
	}
}
