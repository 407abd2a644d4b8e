package minirabbit

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"resilab/brokers/minirabbit/codec"
)

// stuck is when a session that does nothing but compute must be deadlocked.
const stuck = 20 * time.Second

// FuzzSession logs in and then sends whatever sequence of frames the bytes
// spell: no panic, no deadlock, nothing left running, and no more memory than was sent.
func FuzzSession(f *testing.F) {
	f.Add([]byte("\x00\x01\x10\x01q\x20\x01q\x30\x01qhello"))
	f.Add([]byte{0, 0, 1, 1, 3, 2, 4, 3, 5, 4, 6, 5, 7, 6, 8, 7, 9, 8, 10, 9, 11, 10, 12, 11})
	f.Add([]byte{0, 1, 4, 0, 8, 0, 12, 9, 12, 9, 12, 9, 14, 1, 16, 3, 0, 1, 22, 0})
	f.Fuzz(func(t *testing.T, program []byte) {
		defer time.AfterFunc(stuck, func() { panic("the session hangs") }).Stop()
		s := unlistened(Options{MaxMessageBytes: 1 << 16, QueueLimitBytes: 1 << 30})
		ours, theirs := net.Pipe()
		s.start(theirs, nil)
		var reading sync.WaitGroup
		reading.Go(func() { _, _ = io.Copy(io.Discard, ours) })
		wire := append(loginFrames(), spell(program)...)
		_, _ = ours.Write(wire) // the server may hang up in the middle
		if bytes := s.Snapshot().Bytes; bytes > int64(64*len(wire)*(1+len(program))) {
			t.Errorf("%d bytes are kept for %d that were sent", bytes, len(wire))
		}
		ours.Close()
		reading.Wait()
		s.Close()
		if n := len(s.Snapshot().Connections); n != 0 {
			t.Errorf("%d connections are left", n)
		}
	})
}

func loginFrames() []byte {
	b := []byte(protocolHeader)
	b = codec.AppendMethod(b, 0, &codec.ConnectionStartOk{Mechanism: "PLAIN", Response: []byte("\x00guest\x00guest")})
	b = codec.AppendMethod(b, 0, &codec.ConnectionTuneOk{ChannelMax: 3, FrameMax: minFrameMax})
	b = codec.AppendMethod(b, 0, &codec.ConnectionOpen{VirtualHost: "/"})
	return codec.AppendMethod(b, 1, &codec.ChannelOpen{})
}

// A speller turns bytes into frames; every byte means something, so small
// changes to the bytes make other sequences that still make sense.
type speller struct {
	program []byte
	wire    []byte
}

func spell(program []byte) []byte {
	s := speller{program: program}
	for len(s.program) > 0 {
		s.frame()
	}
	return s.wire
}

func (s *speller) next() byte {
	if len(s.program) == 0 {
		return 0
	}
	b := s.program[0]
	s.program = s.program[1:]
	return b
}

func (s *speller) flag() bool { return s.next()&1 == 1 }

func (s *speller) pick(from ...string) string { return from[int(s.next())%len(from)] }

func (s *speller) queue() string    { return s.pick("q", "r", "", "s") }
func (s *speller) exchange() string { return s.pick("", "x", "y", "amq.topic", "amq.headers") }
func (s *speller) key() string      { return s.pick("q", "r", "1", "a.b", "#.*", "") }

// frame spells one frame, or a message of several.
func (s *speller) frame() {
	op := s.next()
	channel := uint16(op>>6) % 3
	if op&32 == 0 {
		channel = 1
	}
	switch op & 31 {
	case 30:
		s.wire = append(s.wire, s.program...) // not frames at all
		s.program = nil
	case 29:
		s.wire = codec.AppendContent(s.wire, channel, s.properties(), []byte("stray"), minFrameMax)
	case 26, 27, 28:
		s.wire = codec.AppendMethod(s.wire, channel, &codec.BasicPublish{
			Exchange: s.exchange(), RoutingKey: s.key(), Mandatory: s.flag(),
		})
		s.wire = codec.AppendContent(s.wire, channel, s.properties(), make([]byte, s.next()), minFrameMax)
	default:
		s.wire = codec.AppendMethod(s.wire, channel, s.method(op&31))
	}
}

func (s *speller) method(op byte) codec.Method {
	switch op {
	case 0, 1:
		return &codec.QueueDeclare{Queue: s.queue(), Exclusive: s.flag(), AutoDelete: s.flag(), Arguments: s.arguments()}
	case 2:
		return &codec.ExchangeDeclare{
			Exchange: s.exchange(), Type: s.pick("direct", "fanout", "topic", "headers", "x-consistent-hash"),
			AutoDelete: s.flag(), Internal: s.flag(), Arguments: s.arguments(),
		}
	case 3, 4:
		return &codec.QueueBind{Queue: s.queue(), Exchange: s.exchange(), RoutingKey: s.key(), Arguments: s.arguments()}
	case 5:
		return &codec.ExchangeBind{Destination: s.exchange(), Source: s.exchange(), RoutingKey: s.key()}
	case 6:
		return &codec.ExchangeUnbind{Destination: s.exchange(), Source: s.exchange(), RoutingKey: s.key()}
	case 7:
		return &codec.QueueUnbind{Queue: s.queue(), Exchange: s.exchange(), RoutingKey: s.key()}
	case 8:
		return &codec.QueueDelete{Queue: s.queue(), IfUnused: s.flag(), IfEmpty: s.flag()}
	case 9:
		return &codec.ExchangeDelete{Exchange: s.exchange(), IfUnused: s.flag()}
	case 10:
		return &codec.QueuePurge{Queue: s.queue()}
	case 11, 12:
		return &codec.BasicConsume{Queue: s.queue(), ConsumerTag: s.pick("", "t", "u"), NoAck: s.flag(), Exclusive: s.flag()}
	case 13:
		return &codec.BasicCancel{ConsumerTag: s.pick("t", "u")}
	case 14:
		return &codec.BasicGet{Queue: s.queue(), NoAck: s.flag()}
	case 15, 16:
		return &codec.BasicAck{DeliveryTag: uint64(s.next()) % 8, Multiple: s.flag()}
	case 17, 18:
		return &codec.BasicNack{DeliveryTag: uint64(s.next()) % 8, Multiple: s.flag(), Requeue: s.flag()}
	case 19:
		return &codec.BasicQos{PrefetchCount: uint16(s.next()) % 4, Global: s.flag()}
	case 20:
		return &codec.BasicRecover{Requeue: true}
	}
	return s.switches(op)
}

func (s *speller) switches(op byte) codec.Method {
	switch op {
	case 21:
		return &codec.ConfirmSelect{}
	case 22:
		return &codec.TxSelect{}
	case 23:
		return &codec.TxCommit{}
	case 24:
		return &codec.TxRollback{}
	case 25:
		return &codec.ChannelClose{}
	default:
		return &codec.ChannelOpen{}
	}
}

func (s *speller) arguments() codec.Table {
	var t codec.Table
	for range s.next() % 3 {
		switch s.next() % 8 {
		case 0:
			t = t.With("x-max-length", int32(s.next()%4))
		case 1:
			t = t.With("x-message-ttl", int32(s.next()%2))
		case 2:
			t = t.With("x-dead-letter-exchange", s.exchange())
		case 3:
			t = t.With("x-single-active-consumer", s.flag())
		case 4:
			t = t.With("x-max-priority", int16(s.next()))
		case 5:
			t = t.With("alternate-exchange", s.exchange())
		case 6:
			t = t.With("x-overflow", s.pick("reject-publish", "reject-publish-dlx", "drop-head"))
		case 7:
			t = t.With("x-match", s.pick("any", "all"))
		}
	}
	return t
}

func (s *speller) properties() []byte {
	switch s.next() % 4 {
	case 0:
		p := codec.Properties{Present: codec.HasExpiration, Expiration: []byte(s.pick("0", "1", "60000", "x"))}
		return p.Encode()
	case 1:
		headers := codec.Table{{Name: s.pick("CC", "BCC", "x-death", "a"), Value: codec.Array{s.key(), codec.Table{}}}}
		p := codec.Properties{Present: codec.HasHeaders | codec.HasPriority, Headers: headers.Encode(), Priority: s.next()}
		return p.Encode()
	case 2:
		return []byte{s.next(), s.next()} // flags with nothing behind them
	default:
		return []byte{0, 0}
	}
}
