package embedded

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"resilab/brokers/brokertest"
)

// A client that leaves while it is blocked takes no element, whatever it has sent
// behind the command, and whether events are announced or not.
func TestABlockedClientThatIsGoneTakesNothing(t *testing.T) {
	node, s := brokertest.Redis(t), startServer(t)
	for name, addr := range map[string]string{"redis-server": node.Addr(), "embedded": s.Addr()} {
		for _, events := range []string{`""`, "KEA"} {
			for _, behind := range []string{"", "GET x\r\n"} {
				t.Run(fmt.Sprintf("%s events %s behind %q", name, events, behind), func(t *testing.T) {
					c := dial(t, addr)
					c.do(t, "FLUSHALL")
					c.do(t, "CONFIG SET notify-keyspace-events "+events)
					gone := dial(t, addr)
					id := gone.do(t, "CLIENT ID").text
					if _, err := gone.conn.Write([]byte("BLPOP q 0\r\n" + behind)); err != nil {
						t.Fatal(err)
					}
					listed := func() string { return c.do(t, "CLIENT LIST ID "+id).text }
					waitFor(t, func() bool { return strings.Contains(listed(), "cmd=blpop") })
					gone.conn.Close()
					waitFor(t, func() bool { return !strings.Contains(listed(), "id="+id) })
					c.do(t, "LPUSH q x")
					if v := c.do(t, "LLEN q"); v.text != "1" {
						t.Errorf("the queue has %s elements", v.text)
					}
				})
			}
		}
	}
}

func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen")
		}
	}
}

// What was sent before a request that is no RESP, or before the connection's end,
// is answered first.
func TestWhatWasSentBeforeTheEndIsAnswered(t *testing.T) {
	node, s := brokertest.Redis(t), startServer(t)
	for name, addr := range map[string]string{"redis-server": node.Addr(), "embedded": s.Addr()} {
		w := dial(t, addr)
		if _, err := w.conn.Write([]byte("PING\r\nECHO a\r\n*1\r\nBAD\r\n")); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"PONG", "a", "ERR Protocol error: expected '$', got 'B'"} {
			if v := w.next(t); v.text != want {
				t.Errorf("%s: %q instead of %q", name, v.text, want)
			}
		}
	}
}
