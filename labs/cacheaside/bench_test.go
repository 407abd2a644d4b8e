package cacheaside

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"resilab/brokers/brokertest"
)

// BenchmarkHit compares a hit through the whole service, judge and counters
// included, with what it stands on: a bare go-redis GET and the same decoding.
func BenchmarkHit(b *testing.B) {
	url := brokertest.Redis(b).URL()
	l := startLab(b, url, map[string]string{"rate": "0", "db-latency": "0s", "ttl": "60s"})
	if _, err := l.observeRead(b.Context(), l.run.Load(), 1, time.Now(), false); err != nil {
		b.Fatal(err)
	}
	opt, err := goredis.ParseURL(url)
	if err != nil {
		b.Fatal(err)
	}
	bare := goredis.NewClient(opt)
	defer bare.Close()
	ctx := context.Background()
	r := l.run.Load()
	var bareTook, serviceTook time.Duration
	b.ReportAllocs()
	for b.Loop() {
		// In turn, so that whatever else the machine does disturbs both.
		began := time.Now()
		raw, err := bare.Get(ctx, testNamespace+":product:1").Bytes()
		if err != nil {
			b.Fatal(err)
		}
		var e entry
		if err := json.Unmarshal(raw, &e); err != nil {
			b.Fatal(err)
		}
		between := time.Now()
		if a, err := l.observeRead(ctx, r, 1, between, false); err != nil || a.source != FromCache {
			b.Fatal(a, err)
		}
		bareTook += between.Sub(began)
		serviceTook += time.Since(between)
	}
	b.ReportMetric(float64(bareTook)/float64(b.N), "bare-ns/op")
	b.ReportMetric(float64(serviceTook)/float64(b.N), "service-ns/op")
	b.ReportMetric(float64(serviceTook)/float64(bareTook), "ratio")
}

// BenchmarkJudge is one observation: witness, sentence, counters.
func BenchmarkJudge(b *testing.B) {
	r := newRun(context.Background(), config{instances: 1, eviction: evictionLab}, nil, newJudge([]uint64{5, 5, 5}, nil), 1)
	b.RunParallel(func(pb *testing.PB) {
		a := answer{entry: entry{ID: 2, Version: 5}, source: FromCache}
		for pb.Next() {
			t := r.judge.of(2)
			w := t.witness()
			now := time.Now()
			r.meter.all.add(time.Millisecond)
			r.count(a, w, time.Millisecond, now)
			r.sentence(t, w, a, now)
			r.meter.reads.Add(1)
		}
	})
}

// BenchmarkSnapshot is what a screen asks for ten times a second.
func BenchmarkSnapshot(b *testing.B) {
	l := startLab(b, embedded(b), map[string]string{"rate": "0", "products": "12"})
	b.ReportAllocs()
	for b.Loop() {
		l.Snapshot()
	}
}
