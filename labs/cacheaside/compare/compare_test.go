package compare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	rediscache "github.com/go-redis/cache/v9"
	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	"resilab/brokers/brokertest"
	"resilab/brokers/redis"
	"resilab/labs/cacheaside/catalog"
	"resilab/labs/cacheaside/measure"
	"resilab/labs/cacheaside/service"
	"resilab/labs/clock"
)

const (
	namespace = "resilab-compare"
	key       = namespace + ":product:1"
	ttl       = time.Hour
)

// product is the JSON of a copy as the lab keeps it. All contenders read and
// decode the same bytes of the same key.
type product struct {
	ID      int     `json:"id"`
	Name    string  `json:"name"`
	Price   float64 `json:"price"`
	Version uint64  `json:"version"`
	Loaded  int64   `json:"loaded_ms"`
	Expires int64   `json:"expires_ms"`
	Cost    float64 `json:"cost_ms"`
	Missing bool    `json:"missing"`
	Padding string  `json:"padding"`
}

// contender reads the product by its own way and returns its name.
type contender struct {
	name string
	read func(context.Context) (string, error)
}

// contenders begin with the measure of all: a bare GET and the decoding. None
// of them may have to load the product.
func contenders(tb testing.TB, url string) []contender {
	shop := startService(tb, url)
	bare := openGoRedis(tb, url)
	cache := rediscache.New(&rediscache.Options{Redis: openGoRedis(tb, url), Marshal: json.Marshal, Unmarshal: json.Unmarshal})
	client := openRueidis(tb, url)
	return []contender{
		{"bare", func(ctx context.Context) (string, error) {
			raw, err := bare.Get(ctx, key).Bytes()
			if err != nil {
				return "", err
			}
			var p product
			err = json.Unmarshal(raw, &p)
			return p.Name, err
		}},
		{"resilab", func(ctx context.Context) (string, error) {
			got, err := shop.Read(ctx, 1, time.Now())
			if err == nil && got.Source != measure.FromCache {
				err = fmt.Errorf("a read was answered by the %s", got.Source)
			}
			return got.Name, err
		}},
		{"go-redis-cache", func(ctx context.Context) (string, error) {
			var p product
			err := cache.Once(&rediscache.Item{Ctx: ctx, Key: key, Value: &p, TTL: ttl, Do: mustHit})
			return p.Name, err
		}},
		{"rueidis", func(ctx context.Context) (string, error) {
			var p product
			err := client.Do(ctx, client.B().Get().Key(key).Build()).DecodeJSON(&p)
			return p.Name, err
		}},
		// Not the same thing: after the first read the copy is in this process,
		// and Redis only reports its changes.
		{"rueidis-in-process", func(ctx context.Context) (string, error) {
			var p product
			err := client.DoCache(ctx, client.B().Get().Key(key).Cache(), ttl).DecodeJSON(&p)
			return p.Name, err
		}},
	}
}

func mustHit(*rediscache.Item) (any, error) { return nil, errors.New("the copy is gone") }

// startService starts the lab's service with its counters, and caches the product.
func startService(tb testing.TB, url string) *service.Service {
	tb.Helper()
	lab := clock.New(nil)
	db, err := catalog.Open(tb.Context(), catalog.InMemory)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	if err := db.Fill(tb.Context(), 3); err != nil {
		tb.Fatal(err)
	}
	client, err := redis.Open(url, redis.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { client.Close() })
	s := service.New(service.Config{TTL: service.LongestTTL, Timeout: time.Second, Instances: 1}, service.Deps{
		Prefix: namespace + ":", Clock: lab, Store: service.NewStore(client, lab), Catalog: db, Outage: &service.Outage{},
		Products: measure.NewProducts([]uint64{1, 1, 1}, nil, nil), Counters: &measure.Counters{},
		Health: measure.NewHealth(lab.Now, func(error, time.Duration) {}), Draw: rand.Float64,
		Lost: func(int, error) {}, Run: tb.Context(), Go: func(work func(context.Context)) { work(tb.Context()) },
	})
	if _, err := s.Read(tb.Context(), 1, lab.Now()); err != nil {
		tb.Fatal(err)
	}
	return s
}

func openGoRedis(tb testing.TB, url string) *goredis.Client {
	tb.Helper()
	options, err := goredis.ParseURL(url)
	if err != nil {
		tb.Fatal(err)
	}
	client := goredis.NewClient(options)
	tb.Cleanup(func() { client.Close() })
	return client
}

func openRueidis(tb testing.TB, url string) rueidis.Client {
	tb.Helper()
	options, err := rueidis.ParseURL(url)
	if err != nil {
		tb.Fatal(err)
	}
	client, err := rueidis.NewClient(options)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(client.Close)
	return client
}

// They all must do what they are measured for.
func TestAllContendersHit(t *testing.T) {
	for _, c := range contenders(t, brokertest.Redis(t).URL()) {
		if name, err := c.read(t.Context()); name != "Laptop" || err != nil {
			t.Errorf("%s reads %q, %v", c.name, name, err)
		}
	}
}

// BenchmarkHit lets all contenders read in an order that is drawn for each
// round, so that whatever else the machine does disturbs all alike, and nobody
// always comes after the same one: a read that asks the network finds the
// processor in another state than one that does not. The figures are each one's
// time per hit, and its ratio to the bare GET.
func BenchmarkHit(b *testing.B) {
	all := contenders(b, brokertest.Redis(b).URL())
	took := make([]time.Duration, len(all))
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(1, 1))
	for b.Loop() {
		for _, which := range rng.Perm(len(all)) {
			began := time.Now()
			if _, err := all[which].read(ctx); err != nil {
				b.Fatalf("%s: %v", all[which].name, err)
			}
			took[which] += time.Since(began)
		}
	}
	for i, c := range all {
		b.ReportMetric(float64(took[i])/float64(b.N), c.name+"-ns/hit")
		b.ReportMetric(float64(took[i])/float64(took[0]), c.name+"-ratio")
	}
}
