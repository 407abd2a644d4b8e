package redis_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"resilab/brokers/brokertest"
	"resilab/brokers/redis"
)

func TestMain(m *testing.M) { brokertest.VerifyTestMain(m) }

// onBoth runs a test against the embedded Redis and against a real one.
func onBoth(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("embedded", func(t *testing.T) { test(t, embedded(t).URL()) })
	t.Run("real", func(t *testing.T) { test(t, brokertest.Redis(t).URL()) })
}

func embedded(t *testing.T) *redis.Embedded {
	t.Helper()
	e, err := redis.StartEmbedded("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 2 { // a second Close does nothing
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return e
}

func open(t *testing.T, url string) *redis.Client {
	t.Helper()
	c, err := redis.Open(url, redis.Options{Timeout: 5 * time.Second}) // a busy machine is not a failure
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute) // a Sentinel that was not scheduled pauses for 30 s
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func TestKeyExpires(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		c, ctx := open(t, url), t.Context()
		begin := time.Now()
		must(t, c.Set(ctx, "short", []byte("v"), 250*time.Millisecond))
		must(t, c.Set(ctx, "long", []byte("v"), 60*time.Second))
		left := make([]time.Duration, 3)
		last := time.Minute
		eventually(t, "the short key is gone", func() bool {
			must(t, c.PTTLs(ctx, []string{"short", "long", "never"}, left))
			if left[0] > last {
				t.Fatalf("the TTL grew from %s to %s", last, left[0])
			}
			last = left[0]
			return left[0] == redis.Gone
		})
		if lived := time.Since(begin); lived < 240*time.Millisecond {
			t.Errorf("a key with a TTL of 250 ms died after %s", lived)
		}
		if left[1] < 40*time.Second || left[1] > 60*time.Second {
			t.Errorf("the long key has %s left", left[1])
		}
		if left[2] != redis.Gone {
			t.Errorf("a key that never was has %s left", left[2])
		}
		if _, err := c.Get(ctx, "short"); !errors.Is(err, redis.ErrMiss) {
			t.Errorf("reading the dead key: %v", err)
		}
		if v, err := c.Get(ctx, "long"); err != nil || string(v) != "v" {
			t.Errorf("reading the living key: %q, %v", v, err)
		}
	})
}

func TestCommands(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		c, ctx := open(t, url), t.Context()
		must(t, c.Ping(ctx))
		must(t, c.SetMany(ctx, []redis.Entry{
			{Key: "a*:1", Value: []byte("1"), TTL: time.Minute}, {Key: "a*:2", Value: []byte("2"), TTL: time.Minute},
			{Key: "ab:3", Value: []byte("3"), TTL: time.Minute}}))
		for i, want := range []bool{true, false} {
			got, err := c.SetIfAbsent(ctx, "lease", "me", time.Minute)
			if err != nil || got != want {
				t.Errorf("taking the lease, time %d: %v, %v", i+1, got, err)
			}
		}
		script := redis.NewScript(`return redis.call("DEL", KEYS[1]) + tonumber(ARGV[1])`)
		if n, err := c.Run(ctx, script, []string{"lease"}, 41); err != nil || n != 42 {
			t.Errorf("running a script: %d, %v", n, err)
		}
		if there, err := c.Expire(ctx, "ab:3", 30*time.Second); err != nil || !there {
			t.Errorf("shortening a life: %v, %v", there, err)
		}
		left := make([]time.Duration, 1)
		must(t, c.PTTLs(ctx, []string{"ab:3"}, left))
		if left[0] > 30*time.Second {
			t.Errorf("%s left after EXPIRE 30", left[0])
		}
		if n, err := c.DeletePrefix(ctx, "a*:"); err != nil || n != 2 {
			t.Errorf("deleting by prefix: %d, %v", n, err)
		}
		if n, err := c.Delete(ctx, "ab:3", "a*:1"); err != nil || n != 1 {
			t.Errorf("the prefix must be taken literally: %d, %v", n, err)
		}
	})
}

func TestExpiredEventsAreAnnouncedAndTheSettingPutBack(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		c, ctx := open(t, url), t.Context()
		must(t, c.Events().Enable(ctx, "first"))
		watchCtx, cancel := context.WithCancel(ctx)
		got, done := make(chan string, 100), make(chan struct{})
		go func() {
			defer close(done)
			if err := c.Events().Watch(watchCtx, "mine:", func(key string, _ time.Time) { got <- key }); err != nil {
				t.Error(err)
			}
		}()
		eventually(t, "the subscription hears", func() bool {
			must(t, c.Set(ctx, "mine:x", []byte("v"), 5*time.Millisecond))
			must(t, c.Set(ctx, "other:x", []byte("v"), 5*time.Millisecond))
			select {
			case key := <-got:
				if key != "mine:x" {
					t.Errorf("announced %q", key)
				}
				return true
			case <-time.After(300 * time.Millisecond):
				return false
			}
		})
		cancel()
		<-done
		setting := func() string {
			set, err := c.Events().Setting(ctx)
			must(t, err)
			return set
		}
		must(t, c.Events().Enable(ctx, "second"))
		must(t, c.Events().Disable(ctx, "first"))
		if set := setting(); set != "xE" {
			t.Errorf("after the first of two the server is left with %q", set)
		}
		must(t, c.Events().Disable(ctx, "second"))
		if set := setting(); set != "" {
			t.Errorf("after two the server is left with %q", set)
		}
		if n, err := c.DeletePrefix(ctx, "{resilab-notify}"); err != nil || n != 0 {
			t.Errorf("%d keys of the lease are left, %v", n, err)
		}
	})
}

// A setting that another client changed meanwhile is not put back.
func TestASettingOfAnotherClientStays(t *testing.T) {
	node := brokertest.Redis(t)
	c, ctx := open(t, node.URL()), t.Context()
	must(t, c.Events().Enable(ctx, "me"))
	other := goredis.NewClient(&goredis.Options{Addr: node.Addr()})
	defer other.Close()
	must(t, other.ConfigSet(ctx, "notify-keyspace-events", "KEA").Err())
	must(t, c.Events().Disable(ctx, "me"))
	if set, err := c.Events().Setting(ctx); err != nil || set != "AKE" {
		t.Errorf("it is %q, %v", set, err)
	}
}

// A listener that is behind when it leaves must not strand go-redis's reader
// at a full channel. It would stay there for a minute, and TestMain find it.
func TestALaggingListenerLeavesNothingBehind(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		c, ctx := open(t, url), t.Context()
		must(t, c.Events().Enable(ctx, "first"))
		listening, leave := context.WithCancel(ctx)
		var listeners sync.WaitGroup
		release := make(chan struct{})
		var lagging, prompt atomic.Int64
		const laggards = 5 // each has some luck
		for range laggards {
			listeners.Go(func() {
				_ = c.Events().Watch(listening, "mine:", func(string, time.Time) { lagging.Add(1); <-release })
			})
		}
		listeners.Go(func() {
			_ = c.Events().Watch(listening, "mine:", func(string, time.Time) { prompt.Add(1) })
		})
		const more = 300 // than go-redis buffers
		entries, keys := make([]redis.Entry, more), make([]string, more)
		for i := range entries {
			keys[i] = fmt.Sprintf("mine:%d", i)
			entries[i] = redis.Entry{Key: keys[i], Value: []byte("v"), TTL: 5 * time.Millisecond}
		}
		eventually(t, "all listeners but one are far behind", func() bool {
			must(t, c.SetMany(ctx, entries))
			time.Sleep(10 * time.Millisecond)
			must(t, c.PTTLs(ctx, keys, make([]time.Duration, more))) // what is looked at expires
			return lagging.Load() == laggards && prompt.Load() > 2*more
		})
		leave()
		close(release)
		listeners.Wait()
		must(t, c.Events().Disable(ctx, "first"))
	})
}

// A user that was killed leaves the setting behind until its lease has run out
// and another one starts.
func TestTheNextStartPutsTheSettingBack(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		c, ctx := open(t, url), t.Context()
		must(t, c.Events().Enable(ctx, "killed"))
		must(t, c.Events().Restore(ctx))
		if set, err := c.Events().Setting(ctx); err != nil || set != "xE" {
			t.Errorf("while the lease runs it is %q, %v", set, err)
		}
		opt, err := goredis.ParseURL(url)
		must(t, err)
		raw := goredis.NewClient(opt)
		defer raw.Close()
		must(t, raw.ZAdd(ctx, "{resilab-notify}:users", goredis.Z{Score: 1, Member: "killed"}).Err()) // long ago
		must(t, c.Events().Restore(ctx))
		if set, err := c.Events().Setting(ctx); err != nil || set != "" {
			t.Errorf("after the next start it is %q, %v", set, err)
		}
	})
}

func TestFailuresNameTheAddressInOneLine(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	addr := l.Addr().String()
	must(t, l.Close())
	c := open(t, "redis://user:secret@"+addr+"/0")
	_, err = c.Get(t.Context(), "k")
	if err == nil || errors.Is(err, redis.ErrMiss) {
		t.Fatalf("a dead Redis answers %v", err)
	}
	if text := err.Error(); !strings.Contains(text, addr) || !strings.Contains(text, "refused") ||
		strings.Contains(text, "\n") || strings.Contains(text, "secret") {
		t.Errorf("the error reads %q", text)
	}
	for _, bad := range []string{"http://h/0", "redis://h:1/zero", "redis://h:1?addr=h:2&nonsense=1", "redis://h:1?master_name=m&nonsense=1", ":"} {
		if _, err := redis.Open(bad, redis.Options{}); err == nil {
			t.Errorf("%s is taken for an address", bad)
		}
	}
}

func TestASilentServerDoesNotHangTheClient(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close() // accepts by backlog, never answers
	c, err := redis.Open("redis://"+l.Addr().String(), redis.Options{Timeout: 50 * time.Millisecond})
	must(t, err)
	defer c.Close()
	begin := time.Now()
	if err := c.Ping(t.Context()); err == nil {
		t.Fatal("a silent server answered")
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("gave up only after %s", took)
	}
}

func TestTheClientRecoversWhenRedisComesBack(t *testing.T) {
	node := brokertest.Redis(t)
	c, ctx := open(t, node.URL()), t.Context()
	must(t, c.Ping(ctx))
	must(t, node.Kill())
	eventually(t, "the loss shows", func() bool { return c.Ping(ctx) != nil })
	must(t, node.Start())
	eventually(t, "it answers again", func() bool { return c.Ping(ctx) == nil })
}

func BenchmarkPTTLs200(b *testing.B) {
	node := brokertest.Redis(b)
	c, err := redis.Open(node.URL(), redis.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	keys, left := make([]string, 200), make([]time.Duration, 200)
	for i := range keys {
		keys[i] = "k" + strings.Repeat("x", i%7)
	}
	for b.Loop() {
		if err := c.PTTLs(b.Context(), keys, left); err != nil {
			b.Fatal(err)
		}
	}
}

func TestPrivateServer(t *testing.T) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		brokertest.Redis(t) // skips or fails, naming what is missing
	}
	own, err := redis.StartProcess(t.Context())
	must(t, err)
	c, ctx := open(t, own.URL()), t.Context()
	must(t, c.BoundMemory(ctx, 2<<20, "allkeys-lru"))
	value := make([]byte, 64<<10)
	for i := range 100 {
		must(t, c.Set(ctx, fmt.Sprint("k", i), value, time.Minute))
	}
	m, err := c.Memory(ctx)
	must(t, err)
	if m.Evicted < 50 || m.Used > m.Most+1<<20 {
		t.Errorf("100 values of 64 KiB in 2 MiB: %+v", m)
	}
	must(t, own.Close())
	if err := c.Ping(ctx); err == nil {
		t.Error("it answers after its end")
	}
}

// writes counts what a connection sends.
type writes struct {
	net.Conn
	n *atomic.Int64
}

func (w writes) Write(b []byte) (int, error) {
	w.n.Add(1)
	return w.Conn.Write(b)
}

func TestManyTTLsCostOneRoundTrip(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		var sent atomic.Int64
		c, err := redis.Open(url, redis.Options{Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, addr)
			return writes{conn, &sent}, err
		}})
		must(t, err)
		defer c.Close()
		keys, left := make([]string, 200), make([]time.Duration, 200)
		for i := range keys {
			keys[i] = fmt.Sprintf("resilab-0123456789:product:%d", i)
		}
		must(t, c.PTTLs(t.Context(), keys, left)) // connects
		before := sent.Load()
		must(t, c.PTTLs(t.Context(), keys, left))
		if n := sent.Load() - before; n != 1 {
			t.Errorf("%d requests for 200 keys", n)
		}
	})
}
