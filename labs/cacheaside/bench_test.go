package cacheaside

import (
	"encoding/json"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"resilab/brokers/brokertest"
	"resilab/labs/cacheaside/measure"
	"resilab/labs/cacheaside/service"
)

// BenchmarkHit compares a hit through the whole service, judge and counters
// included, with what it stands on: a bare go-redis GET and the same decoding.
func BenchmarkHit(b *testing.B) {
	url := brokertest.Redis(b).URL()
	l := startLab(b, url, map[string]string{"rate": "0", "db-latency": "0s", "ttl": "60s"})
	if _, err := l.read(b.Context(), 1); err != nil {
		b.Fatal(err)
	}
	opt, err := goredis.ParseURL(url)
	if err != nil {
		b.Fatal(err)
	}
	bare := goredis.NewClient(opt)
	defer bare.Close()
	ctx := l.run().Context()
	r := l.run()
	var bareTook, serviceTook time.Duration
	b.ReportAllocs()
	for b.Loop() {
		// In turn, so that whatever else the machine does disturbs both.
		began := time.Now()
		raw, err := bare.Get(ctx, testNamespace+":product:1").Bytes()
		if err != nil {
			b.Fatal(err)
		}
		var e service.Entry
		if err := json.Unmarshal(raw, &e); err != nil {
			b.Fatal(err)
		}
		between := time.Now()
		if a, err := r.read(ctx, 1, between, false); err != nil || a.Source != measure.FromCache {
			b.Fatal(a, err)
		}
		bareTook += between.Sub(began)
		serviceTook += time.Since(between)
	}
	b.ReportMetric(float64(bareTook)/float64(b.N), "bare-ns/op")
	b.ReportMetric(float64(serviceTook)/float64(b.N), "service-ns/op")
	b.ReportMetric(float64(serviceTook)/float64(bareTook), "ratio")
}

// BenchmarkJudge measures one observation: the begin of a read, the staleness
// check, the counters.
func BenchmarkJudge(b *testing.B) {
	r := &run{counters: &measure.Counters{}, products: measure.NewProducts([]uint64{5, 5, 5}, nil, nil)}
	b.RunParallel(func(pb *testing.PB) {
		a := service.Answer{Entry: service.Entry{ID: 2, Version: 5}, Source: measure.FromCache}
		for pb.Next() {
			p := r.products.Of(2)
			start := p.Begin()
			now := time.Now()
			r.counters.Latency.All.Add(time.Millisecond)
			r.count(a, start, time.Millisecond, now)
			r.counters.CheckStale(p, start, a.Version, now)
			r.counters.Reads.All.Add(1)
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
