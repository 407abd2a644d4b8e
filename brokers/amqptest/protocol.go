package amqptest

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// protocolTests break rules that amqp091-go keeps.
func protocolTests() []test {
	return []test{
		{"other protocol header", testOtherHeader},
		{"protocol header of 0-9", testHeader09},
		{"protocol header of 0-8", testHeader08},
		{"errors of 0-8", testErrors08},
		{"login refused", testLoginRefused},
		{"vhost refused", testVhostRefused},
		{"refused before the vhost", testRefusedEarly},
		{"channel opened twice", testChannelTwice},
		{"channel not open", testChannelNotOpen},
		{"more channels than negotiated", testTooManyChannels},
		{"frame too large", testFrameTooLarge},
		{"frame without its end", testFrameEnd},
		{"unknown frame type", testFrameType},
		{"unknown method", testUnknownMethod},
		{"truncated method", testTruncatedMethod},
		{"method on channel 0", testMethodOnZero},
		{"content on channel 0", testContentOnZero},
		{"content on a channel not open", testContentNotOpen},
		{"method that only a broker sends", testServerMethod},
		{"text that is not UTF-8", testNotUTF8},
		{"frames that are too short", testShortFrames},
		{"heartbeat with a payload", testHeartbeatPayload},
		{"long reply text", testLongReply},
		{"header with a weight", testHeaderWeight},
		{"header without a publish", testStrayHeader},
		{"body without a header", testStrayBody},
		{"method in the middle of content", testMethodInContent},
		{"heartbeat on a channel", testHeartbeatChannel},
		{"methods on a closed channel are ignored", testClosedChannelIgnores},
		{"consumer tag made by the broker", testConsumerTag},
		{"silence ends the connection", testSilence},
	}
}

func testOtherHeader(t *testing.T, b broker) {
	headers := map[string]*raw{}
	for _, header := range []string{"HTTP/1.1", "AMQP\x00\x00\x09\x02", "AMQP\x00\x01\x00\x00"} {
		headers[header] = b.dialRaw(t, header)
	}
	for header, r := range headers {
		var got [len(header091)]byte
		_, err := io.ReadFull(r.r, got[:])
		if err != nil || string(got[:]) != header091 {
			t.Errorf("to %q the broker answers %q, %v", header, got, err)
		}
		r.wantEnd()
	}
}

func testLoginRefused(t *testing.T, b broker) {
	r := b.dialRaw(t, header091)
	r.login("PLAIN", "\x00guest\x00wrong")
	r.wantClose(0, 403, "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile.", method{})
}

func testVhostRefused(t *testing.T, b broker) {
	for _, vhost := range []string{"amqptest", "", "ñandú"} { // some clients read "amqp://host/" as ""
		r := b.dialRaw(t, header091)
		r.login("PLAIN", "\x00guest\x00guest")
		r.want(0, connectionTune)
		r.method(0, connectionTuneOk, short(10), long(4096), short(0))
		r.method(0, connectionOpen, shortstr(vhost), shortstr(""), []byte{0})
		r.wantClose(0, 530, "NOT_ALLOWED - vhost "+vhost+" not found", connectionOpen)
	}
}

// testHeader09: a client of AMQP 0-9 is answered with 0-9 and served as if it
// spoke 0-9-1.
func testHeader09(t *testing.T, b broker) {
	r := b.dialRaw(t, "AMQP\x01\x01\x00\x09")
	if start := r.login("PLAIN", "\x00guest\x00guest"); start[0] != 0 || start[1] != 9 {
		t.Errorf("the broker starts with version %d-%d, want 0-9", start[0], start[1])
	}
	r.want(0, connectionTune)
	r.tune(10, 4096, 0)
	r.want(0, connectionOpenOk)
}

// testRefusedEarly: an unknown mechanism, answers that are none, and frames larger
// than offered. RabbitMQ hangs up without a word, after three seconds, so all wait
// at the same time.
func testRefusedEarly(t *testing.T, b broker) {
	var refused []*raw
	for _, answer := range []struct{ mechanism, response string }{
		{"KERBEROS", ""}, {"PLAI", "\x00guest\x00guest"}, {"PLAIN", "guest"}, {"PLAIN", "guest\x00guest\x00guest"},
		{"AMQPLAIN", "\x05LOGINS\x00\x00\x00\x05guest"}, {"AMQPLAIN", "none"},
	} {
		r := b.dialRaw(t, header091)
		r.login(answer.mechanism, answer.response)
		refused = append(refused, r)
	}
	frames := b.dialRaw(t, header091)
	frames.login("PLAIN", "\x00guest\x00guest")
	frames.want(0, connectionTune)
	frames.tune(10, 200_000, 0)
	for _, r := range append(refused, frames) {
		r.wantBroken()
	}
}

func testChannelTwice(t *testing.T, b broker) {
	r := b.raw(t)
	r.method(1, channelOpen, shortstr(""))
	r.wantClose(0, 504, "CHANNEL_ERROR - second 'channel.open' seen", channelOpen)
}

// passive is a question for a queue.
func passive(queue string) []byte { return append(append(short(0), shortstr(queue)...), 1, 0, 0, 0, 0) }

func testChannelNotOpen(t *testing.T, b broker) {
	r := b.raw(t)
	r.method(2, queueDeclare, passive("any"))
	r.wantClose(0, 504, "CHANNEL_ERROR - expected 'channel.open'", queueDeclare)
}

func testTooManyChannels(t *testing.T, b broker) {
	r := b.raw(t)
	for ch := uint16(2); ch <= 10; ch++ {
		r.method(ch, channelOpen, shortstr(""))
		r.want(ch, channelOpenOk)
	}
	r.method(11, channelOpen, shortstr(""))
	r.wantClose(0, 530, "NOT_ALLOWED - number of channels opened (10) has reached the negotiated channel_max (10)", method{})
}

// testFrameTooLarge: RabbitMQ does not count the eight bytes around a payload.
func testFrameTooLarge(t *testing.T, b broker) {
	r := b.raw(t)
	r.publish(1)
	r.header(1, 5000)
	r.frame(frameBody, 1, make([]byte, 4096+1))
	r.wantClose(0, 501, "FRAME_ERROR - …", method{})
}

func testFrameEnd(t *testing.T, b broker) {
	r := b.raw(t)
	r.bytes([]byte{frameHeartbeat, 0, 0, 0, 0, 0, 0, 'x'})
	r.wantClose(0, 501, "FRAME_ERROR - …", method{})
}

func testFrameType(t *testing.T, b broker) {
	r := b.raw(t)
	r.frame(7, 0, []byte("payload"))
	r.wantClose(0, 501, "FRAME_ERROR - …", method{})
}

func testUnknownMethod(t *testing.T, b broker) {
	r := b.raw(t)
	r.method(1, method{60, 999})
	r.wantBroken()
}

func testTruncatedMethod(t *testing.T, b broker) {
	r := b.raw(t)
	r.method(1, queueDeclare, short(0), []byte{200, 'q'}) // a name of 200 bytes
	r.wantClose(0, 501, "FRAME_ERROR - …", queueDeclare)
}

func testMethodOnZero(t *testing.T, b broker) {
	r := b.raw(t)
	r.method(0, queueDeclare, passive("any"))
	r.wantClose(0, 504, "CHANNEL_ERROR - unexpected method in connection state running", queueDeclare)
}

func testContentOnZero(t *testing.T, b broker) {
	r := b.raw(t)
	r.frame(frameBody, 0, []byte("body"))
	r.wantClose(0, 505, `UNEXPECTED_FRAME - type 3, all octets = <<"body">>`, method{})
	r = b.raw(t)
	r.frame(frameBody, 0, []byte("日本日本日本"))
	r.wantClose(0, 505, "UNEXPECTED_FRAME - type 3, first 16 octets = <<230,151,165,230,156,172,230,151,165,230,156,172,\n"+
		strings.Repeat(" ", 28)+"230,151,165,230>>", method{})
}

func testContentNotOpen(t *testing.T, b broker) {
	r := b.raw(t)
	r.frame(frameBody, 2, []byte("body"))
	r.wantClose(0, 505, "UNEXPECTED_FRAME - expected method frame, got non method frame instead", method{})
}

func testServerMethod(t *testing.T, b broker) {
	r := b.raw(t)
	r.method(1, queueDeclareOk, shortstr("q"), long(0), long(0))
	r.wantClose(0, 503, "COMMAND_INVALID - unimplemented method", queueDeclareOk)
}

func testNotUTF8(t *testing.T, b broker) {
	r := b.raw(t)
	r.method(1, queueDeclare, passive("\xff\xfe"))
	r.wantClose(0, 501, "FRAME_ERROR - Malformed UTF-8 in shortstr", method{})
}

func testShortFrames(t *testing.T, b broker) {
	for kind, octets := range map[byte]string{frameMethod: "<<0,60,0>>", frameHeader: "<<0,60,0,0,0>>"} {
		r := b.raw(t)
		r.frame(kind, 1, []byte{0, 60, 0, 0, 0}[:strings.Count(octets, ",")+1])
		r.wantClose(0, 501, fmt.Sprintf("FRAME_ERROR - type %d, all octets = %s: unknown_frame", kind, octets), method{})
	}
}

func testHeartbeatPayload(t *testing.T, b broker) {
	r := b.raw(t)
	r.frame(frameHeartbeat, 0, []byte("hi"))
	r.wantClose(0, 501, `FRAME_ERROR - type 8, all octets = <<"hi">>: unknown_frame`, method{})
}

// testLongReply: a text that does not fit ends in dots.
func testLongReply(t *testing.T, b broker) {
	r := b.raw(t)
	q := strings.Repeat("q", 255)
	r.method(1, queueDeclare, passive(q))
	text := "NOT_FOUND - no queue '" + q
	r.wantClose(1, 404, text[:252]+"...", queueDeclare)
}

func testHeaderWeight(t *testing.T, b broker) {
	r := b.raw(t)
	r.publish(1)
	r.frame(frameHeader, 1, append([]byte{0, 60, 0, 1}, make([]byte, 10)...))
	r.wantClose(0, 505, "UNEXPECTED_FRAME - expected content header for class 60, got non content header frame instead", basicPublish)
}

func testStrayHeader(t *testing.T, b broker) {
	r := b.raw(t)
	r.header(1, 5)
	r.wantClose(0, 505, "UNEXPECTED_FRAME - expected method frame, got non method frame instead", method{})
}

func testStrayBody(t *testing.T, b broker) {
	r := b.raw(t)
	r.frame(frameBody, 1, []byte("body"))
	r.wantClose(0, 505, "UNEXPECTED_FRAME - expected method frame, got non method frame instead", method{})
}

func testMethodInContent(t *testing.T, b broker) {
	r := b.raw(t)
	r.publish(1)
	r.header(1, 5)
	r.publish(1)
	r.wantClose(0, 505, "UNEXPECTED_FRAME - expected content body, got non content body frame instead", basicPublish)
}

func testHeartbeatChannel(t *testing.T, b broker) {
	r := b.raw(t)
	r.frame(frameHeartbeat, 1, nil)
	r.wantClose(0, 505, "UNEXPECTED_FRAME - …", method{})
}

// testClosedChannelIgnores: until the client has confirmed the closing of a channel,
// what it sends there is ignored.
func testClosedChannelIgnores(t *testing.T, b broker) {
	r := b.raw(t)
	q := name("none")
	r.method(1, queueDeclare, passive(q))
	r.wantClose(1, 404, "NOT_FOUND - no queue '"+q+"' in vhost '/'", queueDeclare)
	r.method(1, queueDeclare, passive(q))
	r.publish(1)
	r.header(1, 0)
	r.method(1, channelCloseOk)
	r.method(1, channelOpen, shortstr(""))
	r.want(1, channelOpenOk)
}

func testConsumerTag(t *testing.T, b broker) {
	r := b.raw(t)
	r.method(1, queueDeclare, short(0), shortstr(""), []byte{4}, long(0)) // exclusive
	declared := r.want(1, queueDeclareOk)
	q := string(declared[1 : 1+declared[0]])
	r.method(1, basicConsume, short(0), shortstr(q), shortstr(""), []byte{0}, long(0))
	tag := r.want(1, basicConsumeOk)
	if got := string(tag[1:]); !strings.HasPrefix(got, "amq.ctag-") || len(got) < 20 {
		t.Errorf("the tag is %q", got)
	}
}

// testSilence: the broker sends two heartbeats an interval and hangs up on a client
// that sends nothing for two intervals.
func testSilence(t *testing.T, b broker) {
	r := b.dialRaw(t, header091)
	r.login("PLAIN", "\x00guest\x00guest")
	r.want(0, connectionTune)
	r.tune(10, 4096, 1)
	r.want(0, connectionOpenOk)
	start := time.Now()
	if f := r.read(); f.kind != frameHeartbeat || f.channel != 0 || len(f.payload) != 0 {
		t.Errorf("got frame %d on %d: %q", f.kind, f.channel, f.payload)
	}
	first := time.Now()
	if f := r.read(); f.kind != frameHeartbeat || time.Since(first) > 800*time.Millisecond {
		t.Errorf("frame %d after %v, want a heartbeat after half a second", f.kind, time.Since(first))
	}
	r.wantEnd()
	if silent := time.Since(start); silent < 1500*time.Millisecond || silent > 6*time.Second {
		t.Errorf("hung up after %v, want two to three heartbeats", silent)
	}
}
