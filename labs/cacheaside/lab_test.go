package cacheaside

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"resilab/brokers/brokertest"
	"resilab/brokers/redis"
	"resilab/labs/cacheaside/measure"
	"resilab/labs/cacheaside/service"
	"resilab/labs/clock"
	"resilab/labs/kit"
	"resilab/labs/lab"
	"resilab/labs/labtest"
)

func TestMain(m *testing.M) {
	brokertest.Overlap()
	brokertest.VerifyTestMain(m)
}

// onBoth runs a test against the embedded Redis and against a real one, side by
// side.
func onBoth(t *testing.T, test func(t *testing.T, url string)) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		test(t, embedded(t))
	})
	t.Run("real", func(t *testing.T) {
		t.Parallel()
		test(t, brokertest.Redis(t).URL())
	})
}

// inTurn is onBoth for tests that load the machine: nothing runs beside them.
func inTurn(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("embedded", func(t *testing.T) { test(t, embedded(t)) })
	t.Run("real", func(t *testing.T) { test(t, brokertest.Redis(t).URL()) })
}

func embedded(t testing.TB) string {
	t.Helper()
	e, err := redis.StartEmbedded("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e.URL()
}

// testLab is a lab with its engine in reach.
type testLab struct {
	*kit.Runner[*run]
	engine *engine
}

// run returns the run under way, or the last one.
func (l *testLab) run() *run { return l.engine.present.last() }

// read reads a product as the lab's own load does.
func (l *testLab) read(ctx context.Context, id int) (service.Answer, error) {
	return l.run().read(ctx, id, l.engine.Clock.Now(), false)
}

const testNamespace = "resilab-t"

// startLab starts a lab with its defaults but for the given settings, written as flags.
func startLab(t testing.TB, url string, flags map[string]string) *testLab {
	t.Helper()
	return startLabIn(t, url, testNamespace, flags)
}

func startLabIn(t testing.TB, url, namespace string, flags map[string]string) *testLab {
	t.Helper()
	runner, engine := newLab(lab.Env{Open: labtest.Brokers(map[string]string{lab.Redis: url}), Namespace: namespace, Clock: clock.New(nil)})
	l := &testLab{runner, engine}
	if err := l.Start(t.Context(), settings(t, flags), 1); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := l.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return l
}

// settings returns the defaults with flags. Where a test asks neither for a time-out
// nor for a fault, a busy machine is none.
func settings(t testing.TB, flags map[string]string) lab.Settings {
	t.Helper()
	s := labtest.Settings(t, Spec(), flags)
	if flags["timeout"] == "" && flags["redis-fault"] == "" {
		s["timeout"] = lab.DurationValue(10 * time.Second)
	}
	return s
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute) // only for a lab that hangs
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// awaitMetric waits until a metric has reached a value, and returns all.
func awaitMetric(t testing.TB, l *testLab, id string, atLeast float64) map[string]float64 {
	t.Helper()
	var m map[string]float64
	eventually(t, fmt.Sprintf("%s is %g", id, atLeast), func() bool {
		m = l.Snapshot().Metrics
		return m[id] >= atLeast
	})
	return m
}

func get(t testing.TB, l *testLab, path string) (status int, body string, header http.Header) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://"+l.engine.http.addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return send(t, req)
}

func send(t testing.TB, req *http.Request) (status int, body string, header http.Header) {
	t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(raw), res.Header
}

func TestTheCoursesDemo(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		l := startLab(t, url, map[string]string{"rate": "0", "ttl": "1s", "db-latency": "5ms", "http-addr": "127.0.0.1:0"})
		const database = `{"source":"database","data":{"id":1,"name":"Laptop","price":1200}}`
		const cache = `{"source":"cache","data":{"id":1,"name":"Laptop","price":1200}}`
		for i, want := range []string{database, cache, cache} {
			if status, body, _ := get(t, l, "/product/1"); status != 200 || body != want {
				t.Errorf("request %d: %d %s", i+1, status, body)
			}
		}
		eventually(t, "the TTL has run down", func() bool {
			return l.Snapshot().Detail.(*Detail).Products[0].Life == measure.Expired
		})
		if _, body, _ := get(t, l, "/product/1"); body != database {
			t.Errorf("after the TTL: %s", body)
		}
		for path, want := range map[string]string{
			"/product/99":  `404 {"error":"Producto no encontrado"}`,
			"/product/0":   `404 {"error":"Producto no encontrado"}`,
			"/product/abc": `400 {"error":"El identificador debe ser un número"}`,
			"/nothing":     `404 {"error":"Ruta no encontrada"}`,

			"/product/123456789012345678901234567890": `404 {"error":"Producto no encontrado"}`,
		} {
			if status, body, _ := get(t, l, path); fmt.Sprintf("%d %s", status, body) != want {
				t.Errorf("%s: %d %s", path, status, body)
			}
		}
		m := l.Snapshot().Metrics
		if m["http_requests"] != 8 || m["hits"] != 2 || m["misses"] != 2 || m["reads"] != 7 {
			t.Errorf("requests are counted as %v", m)
		}
	})
}

func TestHTTPHeadersShowHitAndAge(t *testing.T) {
	l := startLab(t, embedded(t), map[string]string{"rate": "0", "db-latency": "1ms", "http-addr": "127.0.0.1:0"})
	if _, _, h := get(t, l, "/product/2"); h.Get("X-Cache") != "MISS" || h.Get("Age") != "" {
		t.Errorf("first: %v", h)
	}
	if _, _, h := get(t, l, "/product/2"); h.Get("X-Cache") != "HIT" || h.Get("Age") != "0" {
		t.Errorf("second: %v", h)
	}
	if err := l.Apply(t.Context(), settings(t, map[string]string{"rate": "0", "negative-ttl": "10s"})); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"MISS", "HIT"} {
		if status, _, h := get(t, l, "/product/99"); status != 404 || h.Get("X-Cache") != want {
			t.Errorf("an unknown product: %d %v", status, h)
		}
	}
}

func TestOtherMethodsOverHTTP(t *testing.T) {
	l := startLab(t, embedded(t), map[string]string{"rate": "0", "db-latency": "1ms", "http-addr": "127.0.0.1:0"})
	for _, c := range []struct{ method, path, want, allow string }{
		{http.MethodHead, "/product/1", `200 `, ""},
		{http.MethodPost, "/product/1", `405 {"error":"Método no permitido"}`, "GET, HEAD, PUT"},
		{http.MethodDelete, "/products", `405 {"error":"Método no permitido"}`, "GET, HEAD"},
		{http.MethodPost, "/nothing", `404 {"error":"Ruta no encontrada"}`, ""},
	} {
		req, err := http.NewRequest(c.method, "http://"+l.engine.http.addr+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if status, body, h := send(t, req); fmt.Sprintf("%d %s", status, body) != c.want || h.Get("Allow") != c.allow {
			t.Errorf("%s %s: %d %s, allowed are %q", c.method, c.path, status, body, h.Get("Allow"))
		}
	}
}

// A client that connects and sends nothing, as a browser does in advance, does not
// keep the lab from stopping.
func TestASilentClientDoesNotHoldTheLab(t *testing.T) {
	t.Parallel()
	l := startLab(t, embedded(t), map[string]string{"rate": "0", "http-addr": "127.0.0.1:0"})
	conn, err := net.Dial("tcp", l.engine.http.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /product/1 HTTP/1.1\r\nHost:"); err != nil {
		t.Fatal(err)
	}
	if err := l.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestChangingAPriceOverHTTP(t *testing.T) {
	l := startLab(t, embedded(t), map[string]string{"rate": "0", "db-latency": "1ms", "write-latency": "1ms",
		"http-addr": "127.0.0.1:0", "invalidate": "delete-after"})
	get(t, l, "/product/1")
	for _, c := range []struct{ path, body, want string }{
		{"/product/1", `{"price": 999.5}`, `200 {"source":"database","data":{"id":1,"name":"Laptop","price":999.5}}`},
		{"/product/99", `{"price": 1}`, `404 {"error":"Producto no encontrado"}`},
		{"/product/x", `{"price": 1}`, `400 {"error":"El identificador debe ser un número"}`},
		{"/product/1", `{"price": -1}`, `400 {"error":"El precio debe ser un número mayor o igual que 0"}`},
		{"/product/1", `{"price": "1"}`, `400 {"error":"El precio debe ser un número mayor o igual que 0"}`},
		{"/product/1", `{}`, `400 {"error":"El precio debe ser un número mayor o igual que 0"}`},
		{"/product/1", `not JSON`, `400 {"error":"El precio debe ser un número mayor o igual que 0"}`},
		{"/product/1", `{"price": 1` + strings.Repeat(" ", bodyMax) + `}`, `413 {"error":"El cuerpo supera 64 KiB"}`},
	} {
		req, err := http.NewRequest(http.MethodPut, "http://"+l.engine.http.addr+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if status, body, _ := send(t, req); fmt.Sprintf("%d %s", status, body) != c.want {
			t.Errorf("PUT %s %.30s: %d %s", c.path, c.body, status, body)
		}
	}
	if _, body, _ := get(t, l, "/product/1"); body != `{"source":"database","data":{"id":1,"name":"Laptop","price":999.5}}` {
		t.Errorf("after the change: %s", body)
	}
	if _, body, _ := get(t, l, "/products"); !strings.HasPrefix(body, `{"source":"database","data":[{"id":1,"name":"Laptop","price":999.5},{"id":2,`) {
		t.Errorf("the list: %s", body)
	}
}

// A port that was named is that port or an error; one that may move does.
func TestATakenPort(t *testing.T) {
	url := embedded(t)
	first := startLab(t, url, map[string]string{"rate": "0", "http-addr": "127.0.0.1:0"})
	taken := first.engine.http.addr
	second := startLab(t, url, map[string]string{"rate": "0", "http-addr": taken + "+"})
	if second.engine.http.addr == taken {
		t.Fatal("two labs at one address")
	}
	if status, _, _ := get(t, second, "/product/1"); status != 200 {
		t.Errorf("the second answers %d", status)
	}
	if d := second.Snapshot().Detail.(*Detail); d.HTTPAddr != second.engine.http.addr {
		t.Errorf("the snapshot shows %q", d.HTTPAddr)
	}
	for addr, want := range map[string]string{taken: "address already in use", "nonsense": "reading the address", "127.0.0.1:99999": "0 to 65535"} {
		l := New(lab.Env{Open: labtest.Brokers(map[string]string{lab.Redis: url}), Namespace: "resilab-x"})
		if err := l.Start(t.Context(), settings(t, map[string]string{"http-addr": addr}), 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	labtest.Run(t, labtest.Subject{Spec: Spec(), New: New,
		Env:   lab.Env{Open: labtest.Brokers(map[string]string{lab.Redis: embedded(t)}), Namespace: "resilab-p"},
		Still: settings(t, map[string]string{"rate": "0", "products": "50", "db-latency": "0s"}), Draws: draws})
}

// draws are the products that were read, oldest first.
func draws(snap *lab.Snapshot) (all []string) {
	for _, a := range snap.Detail.(*Detail).Answers {
		all = append(all, strconv.Itoa(a.ID))
	}
	slices.Reverse(all)
	return all
}

func TestKeysVanishWithTheLab(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		l := startLab(t, url, map[string]string{"rate": "100", "db-latency": "0s", "write-latency": "0s", "write-rate": "50",
			"invalidate": "versioned", "strategy": "lease"})
		awaitMetric(t, l, "hits", 1)
		awaitMetric(t, l, "writes", 1)
		l.Pause()
		eventually(t, "it is quiet", func() bool { return l.Snapshot().InFlight == 0 })
		if _, err := l.read(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		c, err := redis.Open(url, redis.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		raw, err := c.Get(t.Context(), testNamespace+":product:1")
		var shown map[string]any
		if err != nil || json.Unmarshal(raw, &shown) != nil || shown["name"] != "Laptop" {
			t.Errorf("the cached product is %s, %v", raw, err)
		}
		left := make([]time.Duration, 1)
		if err := c.PTTLs(t.Context(), []string{testNamespace + ":product:1"}, left); err != nil || left[0] <= 0 || left[0] > time.Minute {
			t.Errorf("it has %s left, %v", left[0], err)
		}
		if err := l.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n, err := c.DeletePrefix(t.Context(), ""); err != nil || n != 0 {
			t.Errorf("%d keys remain, %v", n, err)
		}
	})
}

func TestTTLBarsRunDown(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		l := startLab(t, url, map[string]string{"rate": "50", "ttl": "500ms", "db-latency": "1ms", "products": "1"})
		seen := map[measure.Life]bool{}
		var last, rev = time.Hour, uint64(0)
		fell := 0
		eventually(t, "the copy has lived and died", func() bool {
			s := l.Snapshot()
			p := s.Detail.(*Detail).Products[0]
			seen[p.Life] = true
			if p.Life == measure.Alive && p.Left < last && s.Rev >= rev {
				fell++
			}
			if p.Left > p.Full {
				t.Fatalf("%s left of %s", p.Left, p.Full)
			}
			last, rev = p.Left, s.Rev
			return seen[measure.Alive] && (seen[measure.Expired] || l.run().counters.Expiry.Cycles.Load() > 2) && fell > 20
		})
	})
}

func TestRedisGoesAndComesBack(t *testing.T) {
	for _, mode := range []string{failClosed, failOpen} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			node := brokertest.Redis(t)
			l := startLab(t, node.URL(), map[string]string{"rate": "200", "db-latency": "1ms", "fail-mode": mode})
			awaitMetric(t, l, "hits", 20)
			if err := node.Kill(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the lab says so", func() bool { return len(l.Snapshot().Troubles) == 1 })
			trouble := l.Snapshot().Troubles[0]
			if !strings.Contains(fmt.Sprint(trouble.Args...), node.Addr()) {
				t.Errorf("the trouble names no address: %v", trouble.Args)
			}
			before := l.Snapshot().Metrics
			after := awaitMetric(t, l, "reads", before["reads"]+100)
			failed := after["failures"] - before["failures"]
			if mode == failClosed && failed < 90 || mode == failOpen && failed > 10 {
				t.Errorf("%g of 100 reads failed", failed)
			}
			if err := node.Start(); err != nil {
				t.Fatal(err)
			}
			back := time.Now()
			hits := l.Snapshot().Metrics["hits"]
			awaitMetric(t, l, "hits", hits+20)
			t.Logf("20 hits %s after Redis was back", time.Since(back))
			eventually(t, "the trouble is over", func() bool { return len(l.Snapshot().Troubles) == 0 })
		})
	}
}

func TestStartsWithoutRedis(t *testing.T) {
	l := startLab(t, "redis://127.0.0.1:1/0", map[string]string{"rate": "50", "fail-mode": "open", "db-latency": "1ms"})
	awaitMetric(t, l, "misses", 5)
	eventually(t, "it says so", func() bool { return len(l.Snapshot().Troubles) == 1 })
}

func TestPausedNothingChanges(t *testing.T) {
	t.Parallel()
	l := startLab(t, embedded(t), map[string]string{"rate": "100", "ttl": "100ms", "db-latency": "1ms"})
	awaitMetric(t, l, "reads", 20)
	l.Pause()
	var rev uint64
	still := 0
	eventually(t, "the picture stands still", func() bool {
		s := l.Snapshot()
		if s.Rev == rev {
			still++
		} else {
			rev, still = s.Rev, 0
		}
		return still > 100
	})
}

// A service at 2,000 reads a second loses its Redis for 5 s: nothing hangs, the
// policy's answers come, and it recovers by itself.
func TestFiveSecondsWithoutRedisUnderLoad(t *testing.T) {
	node := brokertest.Redis(t)
	l := startLab(t, node.URL(), map[string]string{"rate": "2000", "products": "100", "skew": "1", "db-latency": "5ms", "ttl": "2s",
		"fail-mode": "open", "breaker": "true", "strategy": "single-flight", "stale-copy": "true", "timeout": "500ms"})
	awaitMetric(t, l, "hits", 1000)
	if err := node.Kill(); err != nil {
		t.Fatal(err)
	}
	killed, before := time.Now(), l.Snapshot().Metrics
	for time.Since(killed) < 5*time.Second {
		time.Sleep(50 * time.Millisecond)
	}
	during := l.Snapshot().Metrics
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	back := time.Now()
	eventually(t, "hits come again", func() bool { return l.Snapshot().Metrics["hits"] > during["hits"]+100 })
	recovered := time.Since(back)
	reads, failed := during["reads"]-before["reads"], during["failures"]-before["failures"]
	t.Logf("%.0f reads in 5 s without Redis, %.2f %% failed, p99 %.0f ms; 100 hits %s after it was back",
		reads, 100*failed/reads, during["p99_ms"], recovered.Round(time.Millisecond))
	if reads < 5000 || failed > 0.02*reads {
		t.Errorf("%g of %g reads failed", failed, reads)
	}
	if recovered > 5*time.Second {
		t.Errorf("recovered only after %s", recovered)
	}
	l.Pause()
	eventually(t, "nothing hangs", func() bool { return l.Snapshot().InFlight == 0 })
}

// A copy that vanishes before its time was deleted, by whichever client.
func TestADeletedCopyIsNoExpiry(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		l := startLab(t, url, map[string]string{"rate": "0", "warm": "true", "ttl": "60s"})
		life := func() measure.Life { return l.Snapshot().Detail.(*Detail).Products[0].Life }
		gone := func() bool { is := life(); return is == measure.Deleted || is == measure.Expired }
		eventually(t, "the copy is there", func() bool { return life() == measure.Alive })
		if err := l.Do(t.Context(), "flush"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is gone", gone)
		if is := life(); is != measure.Deleted {
			t.Errorf("what was flushed is %v", is)
		}
		if err := l.Apply(t.Context(), settings(t, map[string]string{"rate": "0", "warm": "true", "ttl": "50s"})); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the copy is there again", func() bool { return life() == measure.Alive })
		if err := l.Do(t.Context(), "expire"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is gone again", gone)
		if is := life(); is != measure.Expired {
			t.Errorf("what ran out at once is %v", is)
		}
	})
}
