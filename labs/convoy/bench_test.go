package convoy

import (
	"context"
	"fmt"
	"resilab/labs/clock"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"resilab/brokers/minirabbit"
	"resilab/labs/lab"
	"resilab/labs/labtest"
)

const (
	benchLanes, benchUsers = 3, 60
	benchPrefetch          = 250
)

// BenchmarkPath compares the lab's whole path (publish with confirms, hash
// exchange, consume, ledger, ack) with a bare client that uses the same
// topology, window, prefetch and connections, and looks at nothing.
func BenchmarkPath(outer *testing.B) {
	for _, world := range []struct {
		name string
		url  func(b *testing.B) string
	}{
		{"real", func(b *testing.B) string { return shared.RabbitMQ(b).URL() }},
		{"embedded", func(b *testing.B) string {
			server, err := minirabbit.Run(minirabbit.Options{})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { server.Close() })
			return server.URL()
		}},
	} {
		url := ""
		for _, path := range []struct {
			name string
			run  func(*testing.B, string)
		}{{"bare", barePath}, {"lab", labPath}} {
			outer.Run(world.name+"/"+path.name, func(b *testing.B) {
				if url == "" {
					url = world.url(outer)
				}
				path.run(b, url)
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
				runtime.GC()
				var mem runtime.MemStats
				runtime.ReadMemStats(&mem)
				b.ReportMetric(float64(mem.HeapInuse)/(1<<20), "heap-MiB") // the same for any number of messages
			})
		}
	}
}

func labPath(b *testing.B, url string) {
	cfg := newConfig(Spec().Defaults(), 1)
	cfg.users, cfg.lanes, cfg.rate, cfg.work, cfg.prefetch = benchUsers, benchLanes, 10_000_000, 0, benchPrefetch
	cfg.limit = uint64(b.N)
	var rev atomic.Uint64
	e := newEpoch(cfg, brokerOptions{url: url, namespace: benchName()}, lab.Env{Clock: clock.New(nil)}, newJournal(time.Now), &rev)
	e.paused = true
	if err := e.start(b.Context()); err != nil {
		b.Fatal(err)
	}
	awaitBench(b, func() bool { return e.allConnected() })
	b.ResetTimer()
	e.setPaused(false)
	awaitBench(b, func() bool { t := e.ledger.Totals(); return t.Unique == uint64(b.N) && t.Confirmed == uint64(b.N) })
	b.StopTimer()
	if t := e.ledger.Totals(); t.Violations != 0 {
		b.Errorf("%+v", t)
	}
	e.stop()
}

func (e *epoch) allConnected() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, w := range e.workers {
		if !w.connected {
			return false
		}
	}
	return true
}

func benchName() string { return fmt.Sprintf("bench-%d", time.Now().UnixNano()) }

func awaitBench(b *testing.B, ok func() bool) {
	for !ok() {
		time.Sleep(200 * time.Microsecond)
		if b.Context().Err() != nil {
			b.Fatal(b.Context().Err())
		}
	}
}

func barePath(b *testing.B, url string) {
	dial := func() *amqp.Channel {
		conn, err := amqp.Dial(url)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { conn.Close() })
		ch, err := conn.Channel()
		if err != nil {
			b.Fatal(err)
		}
		return ch
	}
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	pub, name := dial(), benchName()
	must(pub.ExchangeDeclare(name, "x-consistent-hash", false, true, false, false, nil))
	must(pub.Confirm(false))
	var done sync.WaitGroup
	done.Add(b.N)
	for i := range benchLanes {
		queue := fmt.Sprintf("%s.%d", name, i)
		_, err := pub.QueueDeclare(queue, true, false, false, false, amqp.Table{"x-expires": int64(50000), "x-single-active-consumer": true})
		must(err)
		must(pub.QueueBind(queue, "1", name, false, nil))
		ch := dial()
		must(ch.Qos(benchPrefetch, 0, false))
		deliveries, err := ch.Consume(queue, "", false, false, false, false, nil)
		must(err)
		go func() {
			for d := range deliveries {
				_ = d.Ack(false)
				done.Done()
			}
		}()
	}
	confirms := pub.NotifyPublish(make(chan amqp.Confirmation, confirmWindow))
	window := make(chan struct{}, confirmWindow)
	go func() {
		for range confirms {
			<-window
		}
	}()
	body := order{n: 123456, user: 7, seq: 1234}.encode(time.Now())
	b.ResetTimer()
	for i := range b.N {
		window <- struct{}{}
		must(pub.PublishWithContext(context.Background(), name, userName(i%benchUsers), true, false, amqp.Publishing{
			ContentType: "application/json", DeliveryMode: amqp.Persistent, MessageId: orderID(uint64(i)), Timestamp: time.Now(), Body: body}))
	}
	done.Wait()
	b.StopTimer()
	for i := range benchLanes {
		_, err := pub.QueueDelete(fmt.Sprintf("%s.%d", name, i), false, false, false)
		must(err)
	}
}

// BenchmarkSnapshot is what one look at a busy lab costs.
func BenchmarkSnapshot(b *testing.B) {
	server, err := minirabbit.Run(minirabbit.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	l := New(lab.Env{Open: labtest.Brokers(map[string]string{lab.AMQP: server.URL()}), Namespace: benchName()})
	if err := l.Start(b.Context(), Spec().Defaults(), 1); err != nil {
		b.Fatal(err)
	}
	time.Sleep(time.Second)
	b.ReportAllocs()
	for b.Loop() {
		runtime.KeepAlive(l.Snapshot())
	}
	if err := l.Stop(b.Context()); err != nil {
		b.Fatal(err)
	}
}
