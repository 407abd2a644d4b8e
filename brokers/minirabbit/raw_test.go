package minirabbit

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"resilab/brokers/minirabbit/codec"
)

// A rawClient speaks frames, so it can break rules and cost less than a real
// client.
type rawClient struct {
	t       testing.TB
	conn    net.Conn
	in      *codec.Reader
	methods codec.MethodReader
}

func rawDial(t testing.TB, addr string) *rawClient {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return newRaw(t, conn)
}

func newRaw(t testing.TB, conn net.Conn) *rawClient {
	return &rawClient{t: t, conn: conn, in: codec.NewReader(conn, 1<<20)}
}

func (r *rawClient) send(b []byte) {
	r.t.Helper()
	_ = r.conn.SetWriteDeadline(time.Now().Add(soon))
	if _, err := r.conn.Write(b); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rawClient) method(channel uint16, m codec.Method) {
	r.t.Helper()
	r.send(codec.AppendMethod(nil, channel, m))
}

// want reads until a method comes and returns it; it must be of that type.
func want[M codec.Method](r *rawClient) M {
	r.t.Helper()
	_ = r.conn.SetReadDeadline(time.Now().Add(soon))
	for {
		f, err := r.in.Next()
		if err != nil {
			r.t.Fatal(err)
		}
		if f.Type != codec.FrameMethod {
			continue
		}
		_, m, err := r.methods.Read(bytes.Clone(f.Payload))
		if err != nil {
			r.t.Fatal(err)
		}
		got, ok := m.(M)
		if !ok {
			r.t.Fatalf("got %#v", m)
		}
		return got
	}
}

// open logs in and opens channel 1.
func (r *rawClient) open() {
	r.t.Helper()
	r.login(0)
	r.method(1, &codec.ChannelOpen{})
	want[*codec.ChannelOpenOk](r)
}

func (r *rawClient) login(heartbeat uint16) {
	r.t.Helper()
	r.tune(heartbeat, minFrameMax)
}

func (r *rawClient) tune(heartbeat uint16, frameMax uint32) {
	r.t.Helper()
	r.send([]byte(protocolHeader))
	want[*codec.ConnectionStart](r)
	r.method(0, &codec.ConnectionStartOk{Mechanism: "PLAIN", Response: []byte("\x00guest\x00guest"), Locale: "en_US"})
	want[*codec.ConnectionTune](r)
	r.method(0, &codec.ConnectionTuneOk{ChannelMax: 10, FrameMax: frameMax, Heartbeat: heartbeat})
	r.method(0, &codec.ConnectionOpen{VirtualHost: "/"})
	want[*codec.ConnectionOpenOk](r)
}

func (r *rawClient) declareExclusive() {
	r.t.Helper()
	r.method(1, &codec.QueueDeclare{Exclusive: true})
	want[*codec.QueueDeclareOk](r)
}

func (r *rawClient) consumeNoAck(queue string) {
	r.t.Helper()
	r.method(1, &codec.BasicConsume{Queue: queue, NoAck: true})
	want[*codec.BasicConsumeOk](r)
}

// readAll discards what comes until the connection ends.
func (r *rawClient) readAll() {
	_ = r.conn.SetReadDeadline(time.Time{})
	_, _ = io.Copy(io.Discard, r.conn)
}
