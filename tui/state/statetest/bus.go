package statetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"resilab/tui/state"
)

// RunBus runs the suite of state.Bus. open returns a new handle on the bus called
// name, as another server would have it.
func RunBus(t *testing.T, open func(t *testing.T, name string) state.Bus) {
	t.Run("announcements", func(t *testing.T) {
		announcements(t, open(t, "announcements"), open(t, "announcements"))
	})
	t.Run("topics", func(t *testing.T) {
		topics(t, open(t, "topics"), open(t, "topics"))
	})
}

func announcements(t *testing.T, one, other state.Bus) {
	ctx := t.Context()
	expect := func(want map[string]string) {
		t.Helper()
		got, err := other.Announced(ctx)
		if err != nil || len(got) != len(want) {
			t.Fatalf("announced %q, %v, want %q", got, err, want)
		}
		for server, data := range want {
			if string(got[server]) != data {
				t.Errorf("%s announced %q, want %q", server, got[server], data)
			}
		}
	}
	announce := func(server, data string) {
		t.Helper()
		if err := one.Announce(ctx, server, []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	expect(nil)
	announce("s1", `{"a": "b c\n"}`)
	announce("s2", "ñandú 漢字")
	expect(map[string]string{"s1": `{"a": "b c\n"}`, "s2": "ñandú 漢字"})
	announce("s1", "x")
	announce("s2", "")
	expect(map[string]string{"s1": "x"})
}

func topics(t *testing.T, one, other state.Bus) {
	ctx, cancel := context.WithCancel(t.Context())
	heard := make(chan string, 10)
	var listening sync.WaitGroup
	ready := make(chan struct{})
	listening.Go(func() {
		if err := other.Listen(ctx, "t1", func() { close(ready) }, func(data []byte) { heard <- string(data) }); err != nil {
			t.Error(err)
		}
	})
	<-ready
	for _, send := range [][2]string{{"t2", "of another topic"}, {"t1", "first"}, {"t1", "second"}} {
		if err := one.Send(ctx, send[0], []byte(send[1])); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"first", "second"} {
		select {
		case got := <-heard:
			if got != want {
				t.Errorf("heard %q, want %q", got, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%q is not heard", want)
		}
	}
	cancel()
	listening.Wait()
}
