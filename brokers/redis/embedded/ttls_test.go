package embedded

import (
	"net"
	"testing"
	"time"
)

// However long one walk was delayed, keys expire in time.
func TestDelayedWalkKeepsTheClockRunning(t *testing.T) {
	s, err := Start("")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c := &wire{conn: conn}
	if v := c.do(t, "SET k v PX 50"); v.text != "OK" {
		t.Fatal(v)
	}
	s.ttls.mu.Lock()
	s.ttls.cost = 5 * time.Second
	s.ttls.mu.Unlock()
	begin := time.Now()
	for c.do(t, "EXISTS k").text != "0" {
		if time.Since(begin) > 20*time.Second {
			t.Fatal("a key of 50 ms is still there")
		}
	}
}
