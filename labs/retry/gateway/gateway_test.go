package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"resilab/labs/clock"
	"resilab/labs/retry/gateway/gatewaytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// call is one request to a gateway under test.
type call struct {
	path, body, key string
	operation       uint64
	attempt         int
}

// reply is what came back; status 0 means that no answer arrived.
type reply struct {
	status int
	code   string
	header http.Header
	body   string
}

type tester interface {
	Helper()
	Fatal(...any)
	Cleanup(func())
}

type client struct {
	url  string
	http http.Client
}

// start starts a gateway on the loopback interface.
func start(t tester, cfg Config) (*Gateway, *client) {
	t.Helper()
	listener, err := Listen(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, listener, cfg, &http.Transport{})
}

// startInMemory starts a gateway in a bubble of synctest.
func startInMemory(t tester, cfg Config) (*Gateway, *client) {
	t.Helper()
	network := gatewaytest.New()
	listener, err := network.Listen(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, listener, cfg, &http.Transport{DialContext: network.Dial})
}

func serve(t tester, listener net.Listener, cfg Config, transport *http.Transport) (*Gateway, *client) {
	g := Start(listener, cfg, clock.New(nil))
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
	})
	return g, &client{g.URL(), http.Client{Transport: transport}}
}

func (c *client) send(call call) reply {
	method := http.MethodPost
	if call.body == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequest(method, c.url+call.path, strings.NewReader(call.body))
	if err != nil {
		panic(err)
	}
	req.GetBody = nil // net/http would quietly send it again
	if call.operation > 0 {
		req.Header.Set("X-Operation", strconv.FormatUint(call.operation, 10))
		req.Header.Set("X-Attempt", strconv.Itoa(call.attempt))
	}
	if call.key != "" {
		req.Header.Set("Idempotency-Key", call.key)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return reply{}
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{}
	}
	var p problemBody
	_ = json.Unmarshal(data, &p)
	return reply{resp.StatusCode, p.Error.Code, resp.Header, string(data)}
}

func (c *client) pay(order uint64, attempt int, key string) reply {
	return c.send(call{"/payments", fmt.Sprintf(`{"order":%d,"amount":99.99}`, order), key, order, attempt})
}

func TestPaymentIsCharged(t *testing.T) {
	g, c := start(t, Config{})
	r := c.pay(41, 1, "")
	if r.status != 200 || !strings.Contains(r.body, `"transactionId":"txn_41_1"`) {
		t.Fatalf("got %d %s", r.status, r.body)
	}
	if got, want := g.Ledger(), (Totals{Charges: 1, Orders: 1, Cents: 9999}); got != want {
		t.Errorf("ledger %+v, want %+v", got, want)
	}
	if !g.Charged(41) || g.Charged(42) {
		t.Error("the ledger names the wrong order")
	}
}

func TestRefusals(t *testing.T) {
	g, c := start(t, Config{})
	for name, tc := range map[string]struct {
		call call
		want int
	}{
		"no JSON":         {call{path: "/payments", body: "x"}, 400},
		"no order":        {call{path: "/payments", body: `{"amount":1}`}, 422},
		"order too high":  {call{path: "/payments", body: `{"order":99999999999,"amount":1}`}, 422},
		"nothing to pay":  {call{path: "/payments", body: `{"order":1,"amount":0}`}, 422},
		"far too long":    {call{path: "/payments", body: strings.Repeat(" ", maxBody+1)}, 400},
		"unknown path":    {call{path: "/refunds", body: `{}`}, 404},
		"a GET":           {call{path: "/payments"}, 405},
		"key too long":    {call{path: "/payments", body: `{"order":1,"amount":1}`, key: strings.Repeat("k", 256)}, 400},
		"key long enough": {call{path: "/payments", body: `{"order":1,"amount":1}`, key: strings.Repeat("k", 255)}, 200},
	} {
		t.Run(name, func(t *testing.T) {
			if r := c.send(tc.call); r.status != tc.want {
				t.Errorf("status %d (%s), want %d", r.status, r.body, tc.want)
			}
		})
	}
	if got := g.Ledger().Charges; got != 1 {
		t.Errorf("%d charges, want only that of the request in order", got)
	}
}

func TestDemoFailsTwiceThenSucceeds(t *testing.T) {
	_, c := start(t, Config{FailFirst: 2})
	var got []int
	for attempt := 1; attempt <= 4; attempt++ {
		got = append(got, c.pay(1, attempt, "").status)
	}
	if want := []int{503, 503, 200, 200}; !slices.Equal(got, want) {
		t.Errorf("statuses %v, want %v", got, want)
	}
}

// A client that calls by hand sends no X-Attempt: the demo's third call succeeds.
func TestTheDemoByHand(t *testing.T) {
	g, c := start(t, Config{FailFirst: 2})
	const body = `{"order":1,"amount":99.99}`
	for range 2 {
		var got []int
		for range 4 {
			got = append(got, c.send(call{path: "/payments", body: body}).status)
		}
		if want := []int{503, 503, 200, 503}; !slices.Equal(got, want) {
			t.Errorf("statuses %v, want %v", got, want)
		}
		g.Reset(Config{FailFirst: 2})
	}
	g.Reset(Config{})
	for _, want := range []string{"txn_1_1", "txn_1_2"} {
		if r := c.send(call{path: "/payments", body: body}); !strings.Contains(r.body, want) {
			t.Errorf("a charge is called %s, want %s", r.body, want)
		}
	}
	g.Reset(Config{FailFirst: 1})
	if r := c.send(call{path: "/payments", body: body}); !strings.Contains(r.body, `"success":false`) {
		t.Errorf("a failure is told as %s", r.body)
	}
}

func TestDrawsBelongToOperationAndAttempt(t *testing.T) {
	cfg := Config{Seed: 7, FailureRate: 0.18, DeclineRate: 0.1, SlowRate: 0.02, LostRate: 0.3, Latency: 40 * time.Millisecond}
	const n = 20_000
	var failed, declined, lost, both, slow int
	var latencies []time.Duration
	for op := uint64(1); op <= n; op++ {
		if cfg.fails(op, 1) {
			failed++
		}
		if cfg.fails(op, 1) && cfg.fails(op, 2) {
			both++
		}
		if cfg.losesReply(op, 1) {
			lost++
		}
		if cfg.declines(op) {
			declined++
		}
		d := cfg.latency(op, 1)
		if d > 300*time.Millisecond {
			slow++
		}
		latencies = append(latencies, d)
	}
	slices.Sort(latencies)
	for name, c := range map[string]struct{ got, want float64 }{
		"failures":            {float64(failed) / n, 0.18},
		"failures of both":    {float64(both) / n, 0.18 * 0.18},
		"declines":            {float64(declined) / n, 0.1},
		"lost replies":        {float64(lost) / n, 0.3},
		"slow answers":        {float64(slow) / n, 0.02},
		"median (in seconds)": {latencies[n/2].Seconds(), 0.04},
	} {
		if math.Abs(c.got-c.want) > 0.01 {
			t.Errorf("%s: %.4f, want about %.4f", name, c.got, c.want)
		}
	}
	first, again, other := cfg.latency(5, 2), cfg.latency(5, 2), cfg.latency(5, 3)
	if first != again || first == other {
		t.Error("a draw must be the same for the same attempt and another for another")
	}
}

func TestLostReplyIsChargedAllTheSame(t *testing.T) {
	g, c := start(t, Config{LostRate: 1})
	if r := c.pay(1, 1, ""); r.status != 0 {
		t.Fatalf("an answer arrived: %d", r.status)
	}
	c.pay(1, 2, "")
	if got, want := g.Ledger(), (Totals{Charges: 2, Orders: 1, Cents: 2 * 9999, DoubleCents: 9999}); got != want || got.Doubles() != 1 {
		t.Errorf("ledger %+v, want two charges for one order", got)
	}
}

func TestKeyMakesTheRetrySafe(t *testing.T) {
	g, c := start(t, Config{LostRate: 0.5, Seed: 3})
	for order := uint64(1); order <= 40; order++ {
		key := fmt.Sprint("key-", order)
		for attempt := 1; c.pay(order, attempt, key).status == 0; attempt++ {
		}
	}
	if got := g.Ledger(); got.Charges != 40 || got.Orders != 40 {
		t.Errorf("ledger %+v, want one charge for each of 40 orders", got)
	}
}

func TestKeyContract(t *testing.T) {
	g, c := start(t, Config{DeclineRate: 0.5, Seed: 1})
	declined, accepted := uint64(1), uint64(1)
	cfg := Config{DeclineRate: 0.5, Seed: 1}
	for !cfg.declines(declined) {
		declined++
	}
	for cfg.declines(accepted) {
		accepted++
	}
	for _, order := range []uint64{accepted, declined} {
		key := fmt.Sprint("k", order)
		first, second := c.pay(order, 1, key), c.pay(order, 2, key)
		if first.status != second.status || first.body != second.body {
			t.Errorf("replay differs: %d %s, then %d %s", first.status, first.body, second.status, second.body)
		}
		if first.header.Get("Idempotent-Replayed") != "" || second.header.Get("Idempotent-Replayed") != "true" {
			t.Error("the replay, and only the replay, must be marked")
		}
		other := c.send(call{"/payments", `{"order":5,"amount":1}`, key, order, 3})
		if other.status != 400 || other.code != "idempotency_error" {
			t.Errorf("other parameters: %d %s", other.status, other.code)
		}
	}
	if got := g.Ledger().Charges; got != 1 {
		t.Errorf("%d charges, want 1", got)
	}
}

func TestKeyInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := startInMemory(t, Config{Latency: time.Minute})
		done := make(chan reply)
		go func() { done <- c.pay(1, 1, "k") }()
		synctest.Wait()
		if busy := c.pay(1, 2, "k"); busy.status != 409 || busy.code != "idempotency_key_in_use" {
			t.Errorf("the second got %d %s, want 409 idempotency_key_in_use", busy.status, busy.code)
		}
		if first := <-done; first.status != 200 {
			t.Errorf("the first request got %d", first.status)
		}
	})
}

// The parameters of a request are JSON values, however they are written.
func TestKeyComparesJSONValues(t *testing.T) {
	g, c := start(t, Config{})
	if r := c.send(call{"/payments", `{"order":5,"amount":99.90}`, "k", 5, 1}); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	for body, want := range map[string]int{
		`{"amount":99.9,"order":5}`: 200, "{ \"order\" : 5,\n\"amount\": 9.99e1 }": 200, `{"order":5,"amount":99.9,"order":5}`: 200,
		`{"order":5,"amount":99.91}`: 400, `{"order":5,"amount":99.9,"note":""}`: 400, `{"order":"5","amount":99.9}`: 400, `{"order":5`: 400,
	} {
		if r := c.send(call{"/payments", body, "k", 5, 2}); r.status != want {
			t.Errorf("%s: %d %s, want %d", body, r.status, r.code, want)
		}
	}
	if got := g.Ledger().Charges; got != 1 {
		t.Errorf("%d charges", got)
	}
}

func TestTemporaryErrorIsNotStoredUnderTheKey(t *testing.T) {
	_, c := start(t, Config{FailFirst: 1})
	if first, second := c.pay(1, 1, "k").status, c.pay(1, 2, "k").status; first != 503 || second != 200 {
		t.Errorf("got %d, %d; want 503, then 200 under the same key", first, second)
	}
}

// Stripe keeps no answer to a request that it would not begin to work on.
func TestClientErrorIsNotStoredUnderTheKey(t *testing.T) {
	g, c := start(t, Config{})
	for _, mistake := range []string{"x", `{"order":1,"amount":0}`} {
		if r := c.send(call{"/payments", mistake, "k", 1, 1}); r.status != 400 && r.status != 422 {
			t.Fatalf("%s: %d", mistake, r.status)
		}
	}
	if r := c.pay(1, 2, "k"); r.status != 200 || r.header.Get("Idempotent-Replayed") != "" {
		t.Errorf("the corrected request got %d %s", r.status, r.body)
	}
	if got := g.Ledger().Charges; got != 1 {
		t.Errorf("%d charges", got)
	}
}

func TestThrottleNamesTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := startInMemory(t, Config{Limit: 2, RetryAfter: 1500 * time.Millisecond})
		var got []int
		for i := uint64(1); i <= 6; i++ {
			r := c.pay(i, 1, "")
			got = append(got, r.status)
			if after := r.header.Get("Retry-After"); r.status == 429 && after != "2" {
				t.Errorf("Retry-After %q, want whole seconds, rounded up", after)
			}
			if i == 4 {
				time.Sleep(time.Second)
			}
		}
		if want := []int{200, 200, 429, 429, 200, 200}; !slices.Equal(got, want) {
			t.Errorf("statuses %v, want %v", got, want)
		}
	})
}

func TestCapacityServesOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := Config{Capacity: 1, QueueLimit: 10, Latency: time.Second}
		g, c := startInMemory(t, cfg)
		began := time.Now()
		var wg sync.WaitGroup
		var work time.Duration
		for order := uint64(1); order <= 5; order++ {
			work += cfg.latency(order, 1)
			wg.Go(func() { c.pay(order, 1, "") })
		}
		wg.Wait()
		if took := time.Since(began); took != work {
			t.Errorf("5 payments took %v at a capacity of 1, want their work of %v", took, work)
		}
		if got := g.Ledger().Orders; got != 5 {
			t.Errorf("%d orders paid, want 5", got)
		}
	})
}

func TestAFullQueueRefuses(t *testing.T) {
	for limit := range 3 {
		w := newWorkers(1, limit)
		if !w.enter(t.Context()) {
			t.Fatal("a free worker was refused")
		}
		for range limit {
			w.waiting <- struct{}{}
		}
		if w.enter(t.Context()) {
			t.Errorf("entered a full queue of %d", limit)
		}
		w.release()
		if limit == 0 && !w.enter(t.Context()) {
			t.Error("a released worker was refused")
		}
	}
}

func TestForgottenKeyCanBeUsedAgain(t *testing.T) {
	var k keys
	params := parametersOf("/payments", []byte("a"))
	k.begin("k", params)
	k.forget("k")
	if v, _ := k.begin("k", params); v != execute {
		t.Errorf("verdict %d, want the work to be done", v)
	}
}

func TestOutage(t *testing.T) {
	g, c := start(t, Config{Outage: time.Hour})
	if r := c.pay(1, 1, ""); r.status != 0 || !g.Down() {
		t.Errorf("an answer in an outage: %d", r.status)
	}
	if n := g.InOutage(); n != 1 {
		t.Errorf("counted %d requests in the outage", n)
	}
	g.Reset(Config{})
	if r := c.pay(1, 1, ""); r.status != 200 || g.Down() {
		t.Errorf("after the outage: %d", r.status)
	}
	g.Fail(time.Hour)
	if r := c.pay(2, 1, ""); r.status != 0 {
		t.Errorf("an answer in an outage on demand: %d", r.status)
	}
}

func TestOutageWindows(t *testing.T) {
	cfg := Config{Outage: 2 * time.Second, OutageStart: 3 * time.Second, OutageEvery: 10 * time.Second}
	for s, want := range map[int]bool{0: false, 2: false, 3: true, 4: true, 5: false, 12: false, 13: true, 15: false} {
		if got := cfg.down(time.Duration(s) * time.Second); got != want {
			t.Errorf("down at %d s: %t, want %t", s, got, want)
		}
	}
}

func TestReservationNeedsTheNewestVersion(t *testing.T) {
	_, c := start(t, Config{})
	reserve := func(version int) reply {
		return c.send(call{path: "/reservations", body: fmt.Sprintf(`{"order":1,"version":%d}`, version)})
	}
	if r := reserve(0); r.status != 200 {
		t.Fatalf("first reservation: %d", r.status)
	}
	if r := reserve(0); r.status != 409 || r.code != "version_conflict" {
		t.Errorf("stale version: %d %s", r.status, r.code)
	}
	if r := c.send(call{path: "/stock"}); r.body != "{\"version\":1}\n" {
		t.Errorf("stock: %s", r.body)
	}
}

func TestOtherServices(t *testing.T) {
	_, c := start(t, Config{})
	if r := c.send(call{path: "/notifications", body: `{"order":1}`}); r.status != 202 {
		t.Errorf("notification: %d", r.status)
	}
	if r := c.send(call{path: "/recommendations"}); r.status != 200 || !strings.Contains(r.body, "Laptop") {
		t.Errorf("recommendations: %d %s", r.status, r.body)
	}
}

// Whatever the faults, no order is charged twice while keys are used.
func TestChargesEqualOrdersPaidWithKeys(t *testing.T) {
	g, c := start(t, Config{})
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.Float64Range(0, 0.9)
		g.Reset(Config{
			Seed: rapid.Uint64().Draw(t, "seed"), FailureRate: rate.Draw(t, "failures"), LostRate: rate.Draw(t, "lost"),
			DeclineRate: rate.Draw(t, "declines"), Limit: rapid.IntRange(0, 20).Draw(t, "limit"),
			Capacity: rapid.IntRange(0, 3).Draw(t, "capacity"), QueueLimit: rapid.IntRange(0, 5).Draw(t, "line"),
			Latency:     time.Duration(rapid.IntRange(0, 300).Draw(t, "latency")) * time.Microsecond,
			OutageStart: time.Millisecond, Outage: time.Duration(rapid.IntRange(0, 2).Draw(t, "outage")) * time.Millisecond,
		})
		var wg sync.WaitGroup
		orders := rapid.IntRange(1, 8).Draw(t, "orders")
		for order := 1; order <= orders; order++ {
			// Two clients race for the same order under the same key, as hedging does.
			for first := range 2 {
				wg.Go(func() {
					for n := range 4 {
						c.pay(uint64(order), 1+first+2*n, fmt.Sprint("k", order))
					}
				})
			}
		}
		wg.Wait()
		if got := g.Ledger(); got.Charges != got.Orders || got.Orders > orders || got.Cents != 9999*got.Charges {
			t.Fatalf("ledger %+v for %d orders", got, orders)
		}
	})
}

func TestResetEndsWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, c := startInMemory(t, Config{Latency: time.Hour})
		done := make(chan reply)
		go func() { done <- c.pay(1, 1, "") }()
		synctest.Wait()
		g.Reset(Config{})
		if r := <-done; r.status != 0 {
			t.Errorf("got an answer: %d", r.status)
		}
		if got := g.Ledger(); got != (Totals{}) {
			t.Errorf("an old request wrote into the new ledger: %+v", got)
		}
	})
}
