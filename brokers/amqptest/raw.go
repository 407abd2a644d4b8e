package amqptest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Frame types and ends, and the methods that the raw tests use, as class and
// method numbers.
const (
	frameMethod, frameHeader, frameBody, frameHeartbeat = 1, 2, 3, 8

	frameEnd = 0xCE
)

type method struct{ class, id uint16 }

var (
	connectionStart   = method{10, 10}
	connectionStartOk = method{10, 11}
	connectionTune    = method{10, 30}
	connectionTuneOk  = method{10, 31}
	connectionOpen    = method{10, 40}
	connectionOpenOk  = method{10, 41}
	connectionClose   = method{10, 50}
	connectionCloseOk = method{10, 51}
	channelOpen       = method{20, 10}
	channelOpenOk     = method{20, 11}
	channelClose      = method{20, 40}
	channelCloseOk    = method{20, 41}
	queueDeclare      = method{50, 10}
	queueDeclareOk    = method{50, 11}
	basicConsume      = method{60, 20}
	basicConsumeOk    = method{60, 21}
	basicPublish      = method{60, 40}
)

// raw is a connection that sends hand-made frames.
type raw struct {
	net.Conn
	t *testing.T
	r *bufio.Reader
}

type frame struct {
	kind    byte
	channel uint16
	payload []byte
}

// dialRaw connects and sends header.
func (b broker) dialRaw(t *testing.T, header string) *raw {
	t.Helper()
	u, err := url.Parse(b.URL)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.DialTimeout("tcp", u.Host, waitLimit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(waitLimit))
	r := &raw{Conn: c, t: t, r: bufio.NewReader(c)}
	r.bytes([]byte(header))
	return r
}

const header091 = "AMQP\x00\x00\x09\x01"

// raw opens a connection with heartbeats off, frames of 4,096 bytes and ten
// channels, of which number 1 is open.
func (b broker) raw(t *testing.T) *raw {
	t.Helper()
	r := b.dialRaw(t, header091)
	r.login("PLAIN", "\x00guest\x00guest")
	r.want(0, connectionTune)
	r.tune(10, 4096, 0)
	r.want(0, connectionOpenOk)
	r.method(1, channelOpen, shortstr(""))
	r.want(1, channelOpenOk)
	return r
}

// login answers connection.start, whose arguments it returns.
func (r *raw) login(mechanism, response string) (start []byte) {
	r.t.Helper()
	start = r.want(0, connectionStart)
	capabilities := table("authentication_failure_close", []byte("t\x01"))
	properties := table("capabilities", append([]byte("F"), capabilities...))
	r.method(0, connectionStartOk, properties, shortstr(mechanism), longstr(response), shortstr("en_US"))
	return start
}

// tune answers connection.tune and opens the vhost.
func (r *raw) tune(channels uint16, frames uint32, heartbeat uint16) {
	r.t.Helper()
	r.method(0, connectionTuneOk, short(channels), long(frames), short(heartbeat))
	r.method(0, connectionOpen, shortstr("/"), shortstr(""), []byte{0})
}

func (r *raw) bytes(p []byte) {
	r.t.Helper()
	if _, err := r.Write(p); err != nil {
		r.t.Fatalf("write: %v", err)
	}
}

func (r *raw) frame(kind byte, channel uint16, payload []byte) {
	r.t.Helper()
	p := append([]byte{kind}, short(channel)...)
	p = append(append(p, long(uint32(len(payload)))...), payload...)
	r.bytes(append(p, frameEnd))
}

func (r *raw) method(channel uint16, m method, args ...[]byte) {
	r.t.Helper()
	p := append(short(m.class), short(m.id)...)
	for _, a := range args {
		p = append(p, a...)
	}
	r.frame(frameMethod, channel, p)
}

// publish sends the method of a publish, which content has to follow.
func (r *raw) publish(channel uint16) {
	r.t.Helper()
	r.method(channel, basicPublish, short(0), shortstr(""), shortstr("nowhere"), []byte{0})
}

// header announces a body without properties.
func (r *raw) header(channel uint16, size uint64) {
	r.t.Helper()
	p := append(short(60), short(0)...)
	r.frame(frameHeader, channel, append(binary.BigEndian.AppendUint64(p, size), 0, 0))
}

func (r *raw) read() frame {
	r.t.Helper()
	f, err := readFrame(r.r)
	if err != nil {
		r.t.Fatalf("read a frame: %v", err)
	}
	return f
}

func readFrame(r io.Reader) (frame, error) {
	var head [7]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, err
	}
	f := frame{kind: head[0], channel: binary.BigEndian.Uint16(head[1:])}
	f.payload = make([]byte, binary.BigEndian.Uint32(head[3:])+1)
	if _, err := io.ReadFull(r, f.payload); err != nil {
		return frame{}, err
	}
	end := len(f.payload) - 1
	if f.payload[end] != frameEnd {
		return frame{}, fmt.Errorf("a frame ends with %#x", f.payload[end])
	}
	f.payload = f.payload[:end]
	return f, nil
}

// skipFrame returns the size of the next frame.
func skipFrame(r io.Reader) (int, error) {
	f, err := readFrame(r)
	return len(f.payload) + 8, err
}

// want reads a method frame and returns its arguments.
func (r *raw) want(channel uint16, m method) []byte {
	r.t.Helper()
	f := r.read()
	if f.kind != frameMethod || f.channel != channel || len(f.payload) < 4 {
		r.t.Fatalf("got frame %d on channel %d, want method %v on %d", f.kind, f.channel, m, channel)
	}
	got := method{binary.BigEndian.Uint16(f.payload), binary.BigEndian.Uint16(f.payload[2:])}
	if got != m {
		r.t.Fatalf("got method %v %q, want %v", got, f.payload[4:], m)
	}
	return f.payload[4:]
}

// wantClose reads a connection.close, or a channel.close if the channel is not 0,
// and asserts its text and the method that it blames. Of a text with … only what
// is before has to match: RabbitMQ goes on in Erlang there.
func (r *raw) wantClose(channel uint16, code uint16, text string, blamed method) {
	r.t.Helper()
	m := connectionClose
	if channel != 0 {
		m = channelClose
	}
	args := r.want(channel, m)
	gotCode, size := binary.BigEndian.Uint16(args), int(args[2])
	gotText, rest := string(args[3:3+size]), args[3+size:]
	got := method{binary.BigEndian.Uint16(rest), binary.BigEndian.Uint16(rest[2:])}
	prefix, _, partly := strings.Cut(text, "…")
	if gotCode != code || gotText != text && !(partly && strings.HasPrefix(gotText, prefix)) || got != blamed {
		r.t.Errorf("closed with\n%d %s %v, want\n%d %s %v", gotCode, gotText, got, code, text, blamed)
	}
}

// wantEnd asserts that the broker closes TCP and sends only heartbeats before.
func (r *raw) wantEnd() {
	r.t.Helper()
	for {
		f, err := readFrame(r.r)
		if e, ok := err.(net.Error); ok && e.Timeout() {
			r.t.Error("the broker did not close TCP")
		}
		if err != nil {
			return
		}
		if f.kind != frameHeartbeat {
			r.t.Errorf("got frame %d %q before the end", f.kind, f.payload)
		}
	}
}

// wantBroken asserts that the broker ends the connection, with or without a reason.
func (r *raw) wantBroken() {
	r.t.Helper()
	f, err := readFrame(r.r)
	if e, ok := err.(net.Error); ok && e.Timeout() {
		r.t.Error("the broker did not close TCP")
	}
	if err == nil && (f.kind != frameMethod || f.channel != 0 || !bytes.HasPrefix(f.payload, []byte{0, 10, 0, 50})) {
		r.t.Errorf("got frame %d on %d: %q", f.kind, f.channel, f.payload)
	}
}

func short(n uint16) []byte    { return binary.BigEndian.AppendUint16(nil, n) }
func long(n uint32) []byte     { return binary.BigEndian.AppendUint32(nil, n) }
func shortstr(s string) []byte { return append([]byte{byte(len(s))}, s...) }
func longstr(s string) []byte  { return append(long(uint32(len(s))), s...) }
func table(key string, value []byte) []byte {
	return longstr(string(shortstr(key)) + string(value))
}
