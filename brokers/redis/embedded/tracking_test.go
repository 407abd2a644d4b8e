package embedded

import (
	"fmt"
	"strings"
	"testing"

	"resilab/brokers/brokertest"
)

// trackings are what a client says that caches (c:) and another one that writes
// (w:). What the first one is told must be what redis-server tells it.
var trackings = map[string]string{
	"default":   `c:CLIENT TRACKING ON; c:GET a; w:SET a 1; w:SET a 2; c:GET a; w:SET b 1; w:DEL a; c:MGET a b; w:MSET a 1 b 2; c:TTL a; w:EXPIRE a 100; c:GET b; c:GET a; w:FLUSHALL; c:GET a; w:SETNX a 1; c:GET a; w:SETNX a 1; w:APPEND a x; c:HGET h f; w:HSET h f 1; c:EXISTS a; c:SET a 9; c:GET a; w:MULTI; w:SET a 3; w:EXEC; c:MULTI; c:GET a; c:EXEC; w:INCR a; c:GET a; w:EVAL "return redis.call('SET', KEYS[1], 'x')" 1 a; c:ZSCORE z m; w:ZADD z 1 m; c:ZSCORE z m; w:ZADD z 2 m`,
	"databases": `c:CLIENT TRACKING ON; c:GET a; w:SELECT 3; w:SET a 1; w:FLUSHDB; c:GET a; c:CLIENT TRACKING OFF; w:SET a 1; c:CLIENT TRACKING ON; w:SET a 1`,
	"own":       `c:CLIENT TRACKING ON NOLOOP; c:GET a; c:SET a 1; w:SET a 2; c:GET a; w:SET a 2`,
	"opt in":    `c:CLIENT TRACKING ON OPTIN; c:GET a; w:SET a 1; c:CLIENT CACHING YES; c:GET a; c:GET b; w:SET a 1; w:SET b 1; c:CLIENT CACHING YES; c:MULTI; c:GET a; c:GET b; c:EXEC; w:SET a 1; w:SET b 1`,
	"opt out":   `c:CLIENT TRACKING ON OPTOUT; c:GET a; w:SET a 1; c:CLIENT CACHING NO; c:GET a; w:SET a 1`,
	"broadcast": `c:CLIENT TRACKING ON BCAST PREFIX a: PREFIX b; w:SET a:1 x; w:SET c x; w:SET b x; c:SET b y; w:DEL a:1; w:DEL none; w:SETEX b2 100 v`,
	"all":       `c:CLIENT TRACKING ON BCAST NOLOOP; w:SET a x; c:SET a x; w:GET a; w:EXPIRE a -1`,
}

// play plays a dialogue and returns all that the client that caches receives.
func play(t *testing.T, addr, script string) (all []string) {
	t.Helper()
	clients := map[string]*wire{"c": dial(t, addr), "w": dial(t, addr)}
	clients["c"].do(t, "HELLO 3")
	clients["w"].do(t, "FLUSHALL")
	for line := range strings.SplitSeq(script, "; ") {
		who, line, _ := strings.Cut(line, ":")
		v := clients[who].do(t, line)
		// What the client is told because of it comes before its next reply.
		fmt.Fprintf(clients["c"].conn, "ECHO %s\r\n", who)
		for {
			if who == "c" && v.kind == push {
				t.Fatalf("%s: a push before the reply", line)
			}
			next := clients["c"].next(t)
			if next.kind != push { // within a transaction it is queued
				break
			}
			all = append(all, line+" "+shown(next))
		}
	}
	return all
}

func TestTrackingIsRedis(t *testing.T) {
	node := brokertest.Redis(t)
	for name, script := range trackings {
		t.Run(name, func(t *testing.T) {
			want, got := play(t, node.Addr(), script), play(t, startServer(t).Addr(), script)
			if fmt.Sprint(want) != fmt.Sprint(got) {
				t.Errorf("redis-server\n  %s\nembedded\n  %s", strings.Join(want, "\n  "), strings.Join(got, "\n  "))
			}
		})
	}
}

// A client that caches is told when a key expires.
func TestTrackingTellsOfExpiry(t *testing.T) {
	s := startServer(t)
	c := dial(t, s.Addr())
	for _, line := range []string{"HELLO 3", "SET a v PX 30", "CLIENT TRACKING ON", "GET a"} {
		c.do(t, line)
	}
	if got := shown(c.next(t)); got != shown(value{kind: push, items: []value{text("invalidate"), texts("a")}}) {
		t.Errorf("told %s", got)
	}
}
