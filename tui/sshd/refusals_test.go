package sshd

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	gossh "golang.org/x/crypto/ssh"
)

func TestRefusalsAreLoggedOnceAWindow(t *testing.T) {
	out := &syncBuffer{}
	l := newRefusalLog(slog.New(slog.NewTextHandler(out, nil)), nil)
	for range 1000 {
		l.add(refusal{Remote: "192.0.2.1:5", Reason: "forwarding", User: "ana", Detail: "tcpip-forward"})
		l.add(refusal{Remote: "192.0.2.2:5", Reason: "forwarding"})
	}
	if n := strings.Count(out.String(), "\n"); n != 2 {
		t.Errorf("%d lines of two addresses:\n%s", n, out)
	}
	l.flush()
	if want := `msg="refused again" reason=forwarding remote=192.0.2.1 count=999`; !strings.Contains(out.String(), want) {
		t.Errorf("%q is not in\n%s", want, out)
	}
	before := out.String()
	l.flush()
	if out.String() != before {
		t.Error("a window without refusals is logged")
	}
	l.add(refusal{Remote: "192.0.2.1:6", Reason: "forwarding"})
	if out.String() == before {
		t.Error("the first refusal of a new window is not logged")
	}
}

func TestManyAddressesDoNotFillTheLog(t *testing.T) {
	out := &syncBuffer{}
	l := newRefusalLog(slog.New(slog.NewTextHandler(out, nil)), nil)
	for i := range 5000 {
		l.add(refusal{Remote: fmt.Sprintf("[2001:db8::%x]:1", i), Reason: "no handshake"})
	}
	l.flush()
	if n := strings.Count(out.String(), "\n"); n != maxRefusalLines+1 || !strings.Contains(out.String(), "count=4900") {
		t.Errorf("%d lines", n)
	}
}

// A client that goes on asking for what is refused is cut, with few lines.
func TestTooManyRefusalsCutTheConnection(t *testing.T) {
	s := startServer(t, nil)
	c := s.dial(t, nil)
	refused := 0
	for range 10 * maxRefusals {
		ok, _, err := c.SendRequest("tcpip-forward", true, gossh.Marshal(struct {
			Addr string
			Port uint32
		}{"0.0.0.0", 1}))
		if err != nil {
			break
		}
		if ok {
			t.Fatal("granted")
		}
		refused++
	}
	if refused > maxRefusals {
		t.Errorf("%d refusals on one connection", refused)
	}
	s.logs(t, "connection cut: too many refusals")
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(s.log.String(), "forwarding"); n > 2 {
		t.Errorf("%d lines:\n%s", n, s.log)
	}
	s.logs(t, "count=99")
}
