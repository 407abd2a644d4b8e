package nats

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is only for a server that hangs.
const patience = 2 * time.Minute

func embedded(t *testing.T) Options {
	t.Helper()
	e, err := StartEmbedded()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(e.folder); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the folder %s is left: %v", e.folder, err)
		}
	})
	return Options{URL: e.URL(), Name: t.Name()}
}

func connect(t *testing.T, o Options) *Conn {
	t.Helper()
	c, err := Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	t.Cleanup(cancel)
	return ctx
}

// outcomes collects what becomes of messages.
type outcomes chan outcome

type outcome struct {
	token uint64
	err   error
}

func (o outcomes) settle(token uint64, err error) { o <- outcome{token, err} }

func (o outcomes) next(t *testing.T) outcome {
	t.Helper()
	select {
	case got := <-o:
		return got
	case <-time.After(patience):
		t.Fatal("time-out: waited for the outcome of a message")
		return outcome{}
	}
}

func publisher(t *testing.T, c *Conn) (*Publisher, outcomes) {
	t.Helper()
	got := make(outcomes, 1000)
	p, err := c.NewPublisher(5, got.settle)
	if err != nil {
		t.Fatal(err)
	}
	return p, got
}

func declare(t *testing.T, s *Stream, lanes, unacked int) (consumers []jetstream.Consumer) {
	t.Helper()
	if _, err := s.Declare(testContext(t), lanes); err != nil {
		t.Fatal(err)
	}
	for lane := range lanes {
		c, err := s.Consumer(testContext(t), lane, unacked)
		if err != nil {
			t.Fatal(err)
		}
		consumers = append(consumers, c)
	}
	return consumers
}

func unackedIn(t *testing.T, s *Stream, lane, want int) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		n, err := s.Unacked(testContext(t), lane)
		if err != nil {
			t.Fatal(err)
		}
		if n == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("time-out: %d messages are unacknowledged in lane %d, want %d", n, lane, want)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// TestStream follows ten messages with keys from the publisher through their lanes, while
// the lanes become more and fewer.
func TestStream(t *testing.T) {
	c := connect(t, embedded(t))
	s := c.Stream("orders", true)
	consumers := declare(t, s, 3, 1)
	if created, err := s.Declare(testContext(t), 3); created || err != nil {
		t.Errorf("a stream that exists is declared again: created %v, error %v", created, err)
	}
	pub, got := publisher(t, c)
	publish := func(token int) {
		t.Helper()
		key := fmt.Sprintf("user%d", token%3+1)
		if err := pub.Publish(testContext(t), s.KeySubject(key), uint64(token), strconv.Itoa(token), []byte(key)); err != nil {
			t.Fatal(err)
		}
		if o := got.next(t); o.err != nil || o.token != uint64(token) {
			t.Fatalf("message %d: %+v", token, o)
		}
	}
	for token := range 10 {
		publish(token)
	}
	publish(9) // the server has it
	sum := 0
	for lane := range 3 {
		n, err := s.Unacked(testContext(t), lane)
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	if sum != 10 {
		t.Errorf("%d messages in the lanes, want 10", sum)
	}
	laneOf := map[string]int{}
	for read := 0; read < 10; {
		for lane, consumer := range consumers {
			m, err := consumer.Next(jetstream.FetchMaxWait(100 * time.Millisecond))
			if err != nil {
				continue
			}
			key := string(m.Data())
			if before, seen := laneOf[key]; seen && before != lane {
				t.Errorf("%s is in lane %d and in lane %d", key, before, lane)
			}
			laneOf[key] = lane
			if err := m.DoubleAck(testContext(t)); err != nil {
				t.Fatal(err)
			}
			read++
		}
	}
	for lane := range 3 {
		unackedIn(t, s, lane, 0)
	}
	if err := s.SetLanes(testContext(t), 1); err != nil {
		t.Fatal(err)
	}
	for token := 20; token < 26; token++ {
		publish(token)
	}
	unackedIn(t, s, 0, 6)
	if err := s.RemoveConsumer(testContext(t), 2); err != nil {
		t.Error(err)
	}
	if err := s.Delete(testContext(t)); err != nil {
		t.Error(err)
	}
	c.Close()
	pub.Close()
}

// TestUnackedBound: the server delivers no more than may be unacknowledged, and one that
// is given back is the next.
func TestUnackedBound(t *testing.T) {
	c := connect(t, embedded(t))
	s := c.Stream("orders", false)
	consumer := declare(t, s, 1, 1)[0]
	pub, got := publisher(t, c)
	defer pub.Close()
	for token := range uint64(3) {
		if err := pub.Publish(testContext(t), s.LaneSubject(0, "user1"), token, strconv.FormatUint(token, 10), []byte{byte('0' + token)}); err != nil {
			t.Fatal(err)
		}
		got.next(t)
	}
	next := func() jetstream.Msg {
		t.Helper()
		m, err := consumer.Next(jetstream.FetchContext(testContext(t)))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	first := next()
	if m, err := consumer.Next(jetstream.FetchMaxWait(200 * time.Millisecond)); err == nil {
		t.Errorf("%s was delivered while %s is unacknowledged", m.Data(), first.Data())
	}
	if err := first.Nak(); err != nil {
		t.Fatal(err)
	}
	again := next()
	if about, err := again.Metadata(); err != nil || string(again.Data()) != "0" || about.NumDelivered != 2 {
		t.Errorf("after it was given back: %s, %+v, %v", again.Data(), about, err)
	}
	if err := again.Ack(); err != nil {
		t.Fatal(err)
	}
	if m := next(); string(m.Data()) != "1" {
		t.Errorf("then comes %s", m.Data())
	}
}

// TestRefused: only what the server has answered is known not to be stored.
func TestRefused(t *testing.T) {
	c := connect(t, embedded(t))
	pub, got := publisher(t, c)
	if err := pub.Publish(testContext(t), "nobody.takes.this", 1, "1", nil); err != nil {
		t.Fatal(err)
	}
	if o := got.next(t); o.token != 1 || !Refused(o.err) {
		t.Errorf("without a stream: %+v", o)
	}
	s := c.Stream("orders", false)
	declare(t, s, 1, 1)
	if err := pub.Publish(testContext(t), s.LaneSubject(0, "user1"), 2, "2", make([]byte, maxPayload/2)); err != nil {
		t.Fatal(err)
	}
	if o := got.next(t); o.err != nil {
		t.Errorf("a message of half the size that is allowed: %+v", o)
	}
	if err := pub.Publish(testContext(t), s.LaneSubject(0, "user1"), 3, "3", make([]byte, maxPayload+1)); err == nil {
		t.Error("a message that is too large is sent")
	}
	if Refused(errClosed) || Refused(jetstream.ErrAsyncPublishTimeout) {
		t.Error("what the server has not answered counts as refused")
	}
	c.Close()
	pub.Close()
	select {
	case o := <-got:
		t.Errorf("a message is settled twice, or was not accepted: %+v", o)
	default:
	}
}

// TestABrokenConnection: what was not confirmed is settled, once, and the reason is given.
func TestABrokenConnection(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	done := make(chan struct{})
	go func() { // a server that confirms nothing
		defer close(done)
		conn, err := silent.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "INFO {\"server_id\":\"X\",\"version\":\"2.11.0\",\"headers\":true,\"max_payload\":1000}\r\n")
		read := make([]byte, 4096)
		for {
			n, err := conn.Read(read)
			if err != nil {
				return
			}
			for range strings.Count(string(read[:n]), "PING\r\n") {
				fmt.Fprint(conn, "PONG\r\n")
			}
		}
	}()
	lost := make(chan error, 2)
	c := connect(t, Options{URL: "nats://user:secret@" + silent.Addr().String(), Name: "test", Lost: func(err error) { lost <- err }})
	pub, got := publisher(t, c)
	for token := range uint64(3) {
		if err := pub.Publish(testContext(t), "orders", token, strconv.FormatUint(token, 10), nil); err != nil {
			t.Fatal(err)
		}
	}
	c.Cut()
	err = <-lost
	if !strings.Contains(err.Error(), "connection to NATS at "+silent.Addr().String()+" broke: ") || strings.Contains(err.Error(), "secret") {
		t.Errorf("the reason is %v", err)
	}
	if err := pub.Publish(testContext(t), "orders", 9, "9", nil); err == nil {
		t.Error("a message is sent although the connection is broken")
	}
	pub.Close()
	for range 3 {
		if o := got.next(t); o.err == nil || Refused(o.err) {
			t.Errorf("%+v", o)
		}
	}
	if len(got) > 0 {
		t.Errorf("settled again: %+v", <-got)
	}
	<-done
}

// TestSweep: what a killed program left is deleted, what one uses is not.
func TestSweep(t *testing.T) {
	c := connect(t, embedded(t))
	used, left, foreign := c.Stream("used", true), c.Stream("left", true), "foreign"
	declare(t, used, 1, 1)
	declare(t, left, 1, 1)
	if _, err := c.js.CreateStream(testContext(t), jetstream.StreamConfig{Name: foreign, Subjects: []string{"foreign"}}); err != nil {
		t.Fatal(err)
	}
	if err := left.RemoveConsumer(testContext(t), 0); err != nil { // as the server does after inactiveAfter
		t.Fatal(err)
	}
	streams := func() string {
		t.Helper()
		var names []string
		all := c.js.StreamNames(testContext(t))
		for name := range all.Name() {
			names = append(names, name)
		}
		if all.Err() != nil {
			t.Fatal(all.Err())
		}
		return strings.Join(names, " ")
	}
	if err := c.Sweep(testContext(t)); err != nil || !strings.Contains(streams(), "left") {
		t.Errorf("a stream that was just made is deleted: %v, %s", err, streams())
	}
	if err := c.sweep(testContext(t), time.Now().Add(2*inactiveAfter)); err != nil {
		t.Fatal(err)
	}
	if all := streams(); strings.Contains(all, "left") || !strings.Contains(all, "used") || !strings.Contains(all, foreign) {
		t.Errorf("left are %s", all)
	}
	consumer, err := used.Consumer(testContext(t), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	info, err := c.js.Stream(testContext(t), "used")
	if err != nil {
		t.Fatal(err)
	}
	if got := consumer.CachedInfo().Config; got.InactiveThreshold != inactiveAfter || info.CachedInfo().Config.MaxAge != maxAge {
		t.Errorf("the server deletes an unused consumer after %s and messages after %s", got.InactiveThreshold, info.CachedInfo().Config.MaxAge)
	}
}

// TestTheStreamSurvivesTheServer: it is in the folder, and a connection that is made again
// sees it.
func TestTheStreamSurvivesTheServer(t *testing.T) {
	folder := t.TempDir()
	first, err := start(folder, server.RANDOM_PORT)
	if err != nil {
		t.Fatal(err)
	}
	port := first.Addr().(*net.TCPAddr).Port
	lost, back := make(chan error, 1), make(chan struct{}, 1)
	c := connect(t, Options{URL: first.ClientURL(), Name: "test", Again: true,
		Lost: func(err error) { lost <- err }, Back: func() { back <- struct{}{} }})
	s := c.Stream("orders", true)
	declare(t, s, 1, 1)
	if _, err := c.js.Publish(testContext(t), s.KeySubject("user1"), []byte("x")); err != nil {
		t.Fatal(err)
	}
	stop(first)
	<-lost
	if connected, closed := c.Connected(); connected || closed {
		t.Errorf("connected %v, closed %v", connected, closed)
	}
	second, err := start(folder, port)
	if err != nil {
		t.Fatal(err)
	}
	defer stop(second)
	<-back
	unackedIn(t, s, 0, 1)
	c.Close()
	<-lost
}

func TestConnectSaysWhichAddressFailed(t *testing.T) {
	_, err := Connect(t.Context(), Options{URL: "nats://user:secret@127.0.0.1:1"})
	if err == nil || !strings.Contains(err.Error(), "NATS at 127.0.0.1:1: ") || !strings.Contains(err.Error(), "refused") || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

func TestAPasswordIsAskedFor(t *testing.T) {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true, Username: "a", Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	defer stop(s)
	if !s.ReadyForConnections(patience) {
		t.Fatal("the server is not ready")
	}
	addr := s.Addr().String()
	if _, err := Probe(testContext(t), "nats://a:wrong@"+addr); !AccessRefused(err) {
		t.Errorf("a wrong password: %v", err)
	}
	if _, err := Probe(testContext(t), "nats://a:secret@"+addr); err == nil || AccessRefused(err) || !strings.Contains(err.Error(), "asking for JetStream") {
		t.Errorf("a server without JetStream: %v", err)
	}
}

func TestServers(t *testing.T) {
	for address, want := range map[string]string{
		"nats://a":           "nats://a",
		"tls://u:p@a:1,b:2/": "tls://u:p@a:1 tls://u:p@b:2",
		"nats://[::1]:4222":  "nats://[::1]:4222",
		"a:4222":             "", "http://a": "", "nats://": "", "nats://a,": "", "nats://a,nats://b": "", "nats://a/x": "", "nats://a?b=c": "", "nats://u:p%zz@a": "",
	} {
		all, err := Servers(address)
		if got := strings.Join(all, " "); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", address, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "zz") {
			t.Errorf("%q: the error shows the password: %v", address, err)
		}
	}
}

// keys returns words that can be a token of a subject.
func keys(n int) []string {
	random := rand.New(rand.NewPCG(1, 2))
	letters := []rune("abcXYZ0189-_/:$ñáé漢字😀ß")
	all := make([]string, n)
	for i := range all {
		for range 1 + random.IntN(20) {
			all[i] += string(letters[random.IntN(len(letters))])
		}
	}
	return all
}

// TestKeysGoToOneLane of as many as there are, whatever is in them.
func TestKeysGoToOneLane(t *testing.T) {
	c := connect(t, embedded(t))
	s := c.Stream("orders", true)
	consumers := declare(t, s, 2, -1)
	for _, key := range keys(50) {
		if _, err := c.js.Publish(testContext(t), s.KeySubject(key), []byte(key)); err != nil {
			t.Fatalf("%q: %v", key, err)
		}
	}
	got := 0
	for lane, consumer := range consumers {
		batch, err := consumer.FetchNoWait(50)
		if err != nil {
			t.Fatal(err)
		}
		for m := range batch.Messages() {
			got++
			if want := s.LaneSubject(lane, string(m.Data())); m.Subject() != want {
				t.Errorf("the subject is %q, want %q", m.Subject(), want)
			}
		}
	}
	if got != 50 {
		t.Errorf("%d keys arrived, want 50", got)
	}
}
