package minirabbit

import (
	"fmt"
	"net"
	"runtime"
	"testing"

	"resilab/brokers/minirabbit/codec"
)

// BenchmarkMessage is one message's way through the server: published with
// confirms to one of three queues by consistent hash, consumed and acknowledged.
// The clients cost nothing, so the allocations are the server's.
func BenchmarkMessage(b *testing.B) {
	s := run(b, Options{})
	p := rawDial(b, s.Addr())
	p.open()
	p.method(1, &codec.ExchangeDeclare{Exchange: "x", Type: "x-consistent-hash"})
	want[*codec.ExchangeDeclareOk](p)
	for i := range 3 {
		q := fmt.Sprint("q", i)
		p.method(1, &codec.QueueDeclare{Queue: q})
		want[*codec.QueueDeclareOk](p)
		p.method(1, &codec.QueueBind{Queue: q, Exchange: "x", RoutingKey: "1"})
		want[*codec.QueueBindOk](p)
		c := rawDial(b, s.Addr())
		c.open()
		c.method(1, &codec.BasicQos{PrefetchCount: 250})
		want[*codec.BasicQosOk](c)
		c.method(1, &codec.BasicConsume{Queue: q})
		want[*codec.BasicConsumeOk](c)
		go c.ackAll()
	}
	p.method(1, &codec.ConfirmSelect{})
	want[*codec.ConfirmSelectOk](p)

	const window = 500
	var burst []byte
	for i := range window {
		burst = codec.AppendMethod(burst, 1, &codec.BasicPublish{Exchange: "x", RoutingKey: fmt.Sprint("customer ", i)})
		burst = codec.AppendContent(burst, 1, []byte{0, 0}, make([]byte, 256), minFrameMax)
	}
	b.ReportAllocs()
	b.ResetTimer()
	var done uint64
	for sent := 0; sent < b.N; sent += window {
		p.send(burst)
		for done < uint64(sent+window) {
			done, _, _ = p.confirm()
		}
	}
	becomes(b, "all are acknowledged", func() bool { return s.Snapshot().Bytes == 0 })
}

// ackAll acknowledges what comes, many at a time.
func (r *rawClient) ackAll() {
	var w codec.MethodWriter
	var buf []byte
	ack := &codec.BasicAck{Multiple: true}
	for tag := uint64(0); ; {
		f, err := r.in.Next()
		if err != nil {
			return
		}
		if f.Type == codec.FrameBody {
			tag++
		}
		if tag > ack.DeliveryTag && !r.in.Ready() {
			ack.DeliveryTag = tag
			buf = w.Append(buf[:0], 1, ack)
			if _, err := r.conn.Write(buf); err != nil {
				return
			}
		}
	}
}

// BenchmarkRequeue is a message that is rejected back to its place among many.
func BenchmarkRequeue(b *testing.B) {
	s := run(b, Options{})
	r := rawDial(b, s.Addr())
	r.open()
	r.method(1, &codec.QueueDeclare{Queue: "q", Exclusive: true})
	want[*codec.QueueDeclareOk](r)
	var burst []byte
	for range 10_000 {
		burst = codec.AppendMethod(burst, 1, &codec.BasicPublish{RoutingKey: "q"})
		burst = codec.AppendContent(burst, 1, []byte{0, 0}, []byte("m"), minFrameMax)
	}
	r.send(burst)
	b.ReportAllocs()
	for b.Loop() {
		r.method(1, &codec.BasicGet{Queue: "q"})
		d := want[*codec.BasicGetOk](r)
		r.method(1, &codec.BasicNack{DeliveryTag: d.DeliveryTag, Requeue: true})
	}
}

// TestIdleConnectionsAreCheap counts what a thousand connections that do
// nothing take, clients' sockets included.
func TestIdleConnectionsAreCheap(t *testing.T) {
	const connections, limit = 1000, 64 << 10
	s := run(t, Options{})
	before := memory()
	conns := make([]net.Conn, connections)
	for i := range conns {
		r := rawDial(t, s.Addr())
		r.open()
		conns[i] = r.conn
	}
	used := (memory() - before) / connections
	t.Logf("%d bytes for each connection", used)
	if used > limit {
		t.Errorf("%d bytes for each idle connection, want at most %d", used, limit)
	}
	for _, c := range conns {
		c.Close()
	}
}

// memory is what the heap and the stacks hold.
func memory() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}
