package embedded

import (
	"fmt"
	"testing"
	"time"
)

// Libraries send SUBSCRIBE and do not wait for the reply. A message that is published
// on another connection afterwards must arrive, as it does on redis-server, whose
// clients are served in the order in which they connect.
func TestPublishComesAfterWhatArrivedBefore(t *testing.T) {
	s := startServer(t)
	for _, greeting := range []string{"", "PING"} {
		for i := range 200 {
			first, second := dial(t, s.Addr()), dial(t, s.Addr())
			if greeting != "" {
				first.do(t, greeting)
				second.do(t, greeting)
			}
			if _, err := fmt.Fprintf(first.conn, "PSUBSCRIBE %s%d:*\r\n", greeting, i); err != nil {
				t.Fatal(err)
			}
			if got := shown(second.do(t, fmt.Sprintf("PUBLISH %s%d:x m", greeting, i))); got != shown(number(1)) {
				t.Fatalf("try %d after %q: the message has %s receivers", i, greeting, got)
			}
			first.conn.Close()
			second.conn.Close()
		}
	}
}

// A client that waits for others, or that has sent half a command, holds nobody up
// for long.
func TestPublishWaitsForNoBlockedClient(t *testing.T) {
	s := startServer(t)
	blocked, half, publisher := dial(t, s.Addr()), dial(t, s.Addr()), dial(t, s.Addr())
	publisher.do(t, "PING")
	for w, sent := range map[*wire]string{blocked: "BLPOP list 0\r\n", half: "PSUBSCRIBE"} {
		if _, err := fmt.Fprint(w.conn, sent); err != nil {
			t.Fatal(err)
		}
	}
	publisher.do(t, "PUBLISH x m")
	fmt.Fprint(half.conn, " x\r\n")
	half.next(t)
	began := time.Now()
	for range 100 {
		publisher.do(t, "PUBLISH y m")
	}
	if took := time.Since(began); took > 100*publishPatience/2 {
		t.Errorf("100 messages take %s while a client blocks", took)
	}
	publisher.do(t, "RPUSH list v")
	blocked.next(t)
}
