package convoy

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"resilab/brokers/minirabbit"
	"resilab/labs/convoy/transport"
	"resilab/labs/kit"
	"resilab/labs/lab"
	"resilab/labs/labtest"
)

const (
	benchLanes, benchUsers = 3, 60
	benchPrefetch          = 250
	benchWindow            = 500
)

// BenchmarkPath compares the lab's whole path (publish with confirms, hash
// exchange, consume, ledger, ack) with a bare client that uses the same
// topology, window, prefetch and connections, and looks at nothing; and a consumer for
// each lane with a pool that has as many workers on one queue.
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
		}{{"bare", barePath}, {"lab", labPath(modeConvoy)}, {"pool", labPath(modePool)}} {
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

func labPath(mode string) func(*testing.B, string) {
	return func(b *testing.B, url string) { pathIn(b, mode, url) }
}

func pathIn(b *testing.B, mode, url string) {
	settings := Spec().Defaults()
	for id, v := range map[string]lab.Value{"mode": lab.ChoiceValue(mode), "users": lab.IntValue(benchUsers), "lanes": lab.IntValue(benchLanes),
		"rate": lab.IntValue(10_000_000), "work": lab.DurationValue(0), "prefetch": lab.IntValue(benchPrefetch), "orders": lab.IntValue(b.N)} {
		settings = settings.With(id, v)
	}
	spy := &spyEngine{}
	l := kit.NewRunner(lab.Env{Open: labtest.Brokers(map[string]string{lab.AMQP: url}), Namespace: benchName()}, kit.Options{LogSize: 400, Shown: 200, Routine: 20},
		func(base *kit.Base) kit.Engine[*run] {
			spy.engine = &engine{base}
			return spy
		})
	l.Pause()
	if err := l.Start(b.Context(), settings, 1); err != nil {
		b.Fatal(err)
	}
	awaitBench(b, func() bool { return allConnected(l.Snapshot()) })
	b.ResetTimer()
	l.Resume()
	awaitBench(b, func() bool {
		t := spy.work.book.Totals()
		return t.Unique == uint64(b.N) && t.Confirmed == uint64(b.N)
	})
	b.StopTimer()
	if m := l.Snapshot().Metrics; m["violations"] != 0 {
		b.Errorf("%v", m)
	}
	if err := l.Stop(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// spyEngine lets a benchmark look at a run without the cost of a snapshot.
type spyEngine struct {
	*engine
	work *run
}

func (s *spyEngine) Begin(ctx context.Context, k *kit.Run) (work *run, err error) {
	s.work, err = s.engine.Begin(ctx, k)
	return s.work, err
}

func allConnected(snap *lab.Snapshot) bool {
	for _, l := range snap.Detail.(*Detail).Lanes {
		if len(l.Consumers) == 0 || !l.Consumers[0].Connected {
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
	confirms := pub.NotifyPublish(make(chan amqp.Confirmation, benchWindow))
	window := make(chan struct{}, benchWindow)
	go func() {
		for range confirms {
			<-window
		}
	}()
	body := []byte(`{"orderId":"order-123456","user":"user8","seq":1234,"timestamp":1700000000000}`)
	b.ResetTimer()
	for i := range b.N {
		window <- struct{}{}
		must(pub.PublishWithContext(context.Background(), name, transport.UserName(i%benchUsers), true, false, amqp.Publishing{
			ContentType: "application/json", DeliveryMode: amqp.Persistent, MessageId: transport.Order{N: uint64(i)}.ID(), Timestamp: time.Now(), Body: body}))
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
