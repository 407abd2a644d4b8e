package compare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"resilab/labs/clock"
	"testing"
	"time"

	rediscache "github.com/go-redis/cache/v9"
	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	"resilab/brokers/brokertest"
	"resilab/labs/cacheaside"
	"resilab/labs/lab"
	"resilab/labs/labtest"
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
	service := startLab(tb, url)
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
			got, err := service.Read(ctx, 1)
			if err == nil && got.Source != cacheaside.FromCache {
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
		// and Redis only tells when it changes.
		{"rueidis-in-process", func(ctx context.Context) (string, error) {
			var p product
			err := client.DoCache(ctx, client.B().Get().Key(key).Cache(), ttl).DecodeJSON(&p)
			return p.Name, err
		}},
	}
}

func mustHit(*rediscache.Item) (any, error) { return nil, errors.New("the copy is gone") }

// startLab starts the lab without any load of its own, with the product cached.
func startLab(tb testing.TB, url string) cacheaside.Reader {
	tb.Helper()
	settings := cacheaside.Spec().Defaults()
	for id, v := range map[string]lab.Value{
		"rate": lab.IntValue(0), "db-latency": lab.DurationValue(0), "ttl": lab.DurationValue(ttl), "http-addr": lab.TextValue(""),
	} {
		settings = settings.With(id, v)
	}
	l := cacheaside.New(lab.Env{Open: labtest.Brokers(map[string]string{lab.Redis: url}), Namespace: namespace, Clock: clock.New(nil)})
	if err := l.Start(tb.Context(), settings, 1); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := l.Stop(ctx); err != nil {
			tb.Error(err)
		}
	})
	reader := l.(cacheaside.Reader)
	if _, err := reader.Read(tb.Context(), 1); err != nil {
		tb.Fatal(err)
	}
	return reader
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
func TestTheyAllHit(t *testing.T) {
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
