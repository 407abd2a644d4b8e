package loopback

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
)

func TestListen(t *testing.T) {
	l, err := Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if !l.Addr().(*net.TCPAddr).IP.IsLoopback() {
		t.Errorf("listens on %v, want a loopback address", l.Addr())
	}
}

func TestListenWithoutIPv4(t *testing.T) {
	errNoAddress := errors.New("cannot assign requested address")
	ipv6Only := func(_ context.Context, _, address string) (net.Listener, error) {
		if strings.HasPrefix(address, "127.") {
			return nil, errNoAddress
		}
		return fakeListener{address: address}, nil
	}
	l, err := listen(t.Context(), ipv6Only)
	if err != nil || l.(fakeListener).address != "[::1]:0" {
		t.Errorf("got %v, %v, want a listener on [::1]:0", l, err)
	}
	none := func(context.Context, string, string) (net.Listener, error) { return nil, errNoAddress }
	if _, err := listen(t.Context(), none); !errors.Is(err, errNoAddress) {
		t.Errorf("got %v, want the cause", err)
	}
}

type fakeListener struct {
	net.Listener
	address string
}
