package amqptest

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// Methods of AMQP 0-8 that have other ids in 0-9-1.
var (
	connectionClose08   = method{10, 60}
	connectionCloseOk08 = method{10, 61}
)

// raw08 opens a connection of AMQP 0-8 with one channel.
func (b broker) raw08(t *testing.T, header string) *raw {
	t.Helper()
	r := b.dialRaw(t, header)
	if start := r.login("PLAIN", "\x00guest\x00guest"); start[0] != 8 || start[1] != 0 {
		t.Errorf("the broker starts with version %d-%d, want 8-0", start[0], start[1])
	}
	r.want(0, connectionTune)
	r.tune(10, 4096, 0)
	r.want(0, connectionOpenOk)
	r.method(1, channelOpen, shortstr(""))
	if args := r.want(1, channelOpenOk); len(args) > 0 {
		t.Errorf("channel.open-ok of 0-8 has the arguments %q", args)
	}
	return r
}

// testHeader08: both headers that are in use for AMQP 0-8 are answered with 0-8.
// basic.consume has no arguments in it, and connections close by other ids.
func testHeader08(t *testing.T, b broker) {
	for _, header := range []string{"AMQP\x01\x01\x08\x00", "AMQP\x01\x01\x09\x01"} {
		r := b.raw08(t, header)
		r.method(1, queueDeclare, short(0), shortstr(""), []byte{0b1100}, longstr("")) // exclusive, auto-delete
		declared := r.want(1, queueDeclareOk)
		queue := string(declared[1 : 1+declared[0]])
		r.method(1, basicConsume, short(0), shortstr(queue), shortstr("c"), []byte{0b10}) // no ack
		r.want(1, basicConsumeOk)
		r.method(1, basicPublish, short(0), shortstr(""), shortstr(queue), []byte{0})
		r.header(1, 2)
		r.frame(frameBody, 1, []byte("08"))
		r.want(1, method{60, 60}) // basic.deliver
		if h := r.read(); h.kind != frameHeader || binary.BigEndian.Uint64(h.payload[4:]) != 2 {
			t.Errorf("after basic.deliver comes frame %d %q", h.kind, h.payload)
		}
		if body := r.read(); string(body.payload) != "08" {
			t.Errorf("the body is %q", body.payload)
		}
		r.method(0, connectionClose08, short(200), shortstr("bye"), short(0), short(0))
		r.want(0, connectionCloseOk08)
	}
}

// testErrors08: a channel closes as in 0-9-1, a connection by the ids of 0-8. The
// methods that 0-9-1 added are unknown.
func testErrors08(t *testing.T, b broker) {
	r := b.raw08(t, "AMQP\x01\x01\x08\x00")
	r.method(1, queueDeclare, passive("not there"))
	r.wantClose(1, 404, "NOT_FOUND - no queue 'not there' in vhost '/'", queueDeclare)
	r.method(1, channelCloseOk)
	r.method(2, channelOpen, shortstr(""))
	r.want(2, channelOpenOk)
	r.method(2, channelOpen, shortstr(""))
	args := r.want(0, connectionClose08)
	if code := binary.BigEndian.Uint16(args); code != 504 {
		t.Errorf("closed with %d %q", code, args)
	}
	r.method(0, connectionCloseOk08)
	for _, unknown := range []method{{85, 10}, {60, 120}, {40, 30}} {
		other := b.raw08(t, "AMQP\x01\x01\x08\x00")
		other.method(1, unknown, []byte{0})
		if f, err := readFrame(other.r); err == nil && !bytes.HasPrefix(f.payload, []byte{0, 10, 0, 60}) {
			t.Errorf("to %v the broker answers %q", unknown, f.payload)
		}
	}
}
