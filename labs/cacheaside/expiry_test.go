package cacheaside

import (
	"bytes"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"resilab/brokers/redis"
	"resilab/labs/cacheaside/measure"
)

// A copy that the lab lets expire may be seen to be gone before Redis' answer says that
// it will be. The watch is told of it before the command is sent, so that this is no
// deletion by others.
func TestAnExpiryThatIsSeenBeforeItsAnswer(t *testing.T) {
	t.Parallel()
	url := embedded(t)
	r := newRelay(t, url)
	l := startLab(t, "redis://"+r.Addr().String()+"/0", map[string]string{"rate": "0", "warm": "true", "ttl": "60s"})
	// A look at the lab would make the watch ask Redis in the moment before the end.
	eventually(t, "the copy is there", func() bool { return l.run().products.Of(1).Left(l.engine.Clock.Now()) > 0 })
	<-r.polled // the watch has asked at its start, and asks again in a second
	answered := make(chan error, 1)
	go func() { answered <- l.Do(t.Context(), "expire") }()
	<-r.held
	direct, err := redis.Open(url, redis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer direct.Close()
	left := make([]time.Duration, 1)
	eventually(t, "Redis has dropped the copy", func() bool {
		return direct.PTTLs(t.Context(), []string{l.run().service.Key(1)}, left) == nil && left[0] == redis.Gone
	})
	life := func() measure.Life { return l.Snapshot().Detail.(*Detail).Products[0].Life }
	eventually(t, "the watch sees that it is gone", func() bool {
		l.run().watch.Poke()
		is := life()
		return is == measure.Deleted || is == measure.Expired
	})
	if is := life(); is != measure.Expired {
		t.Errorf("what ran out at once is %v", is)
	}
	r.release()
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

// relay passes connections on to a Redis, but holds the answer to the first PEXPIRE.
type relay struct {
	net.Listener
	polled  chan struct{} // closed at the first PTTL
	held    chan struct{} // closed when the answer is there
	free    chan struct{} // closed when it may pass
	polling sync.Once
	holding sync.Once
	freeing sync.Once
}

func newRelay(t *testing.T, url string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{Listener: l, polled: make(chan struct{}), held: make(chan struct{}), free: make(chan struct{})}
	target := strings.TrimSuffix(strings.TrimPrefix(url, "redis://"), "/0")
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { r.serve(client, target) })
		}
	})
	t.Cleanup(func() {
		r.release()
		l.Close()
		serving.Wait()
	})
	return r
}

func (r *relay) release() { r.freeing.Do(func() { close(r.free) }) }

func (r *relay) serve(client net.Conn, target string) {
	var asking sync.WaitGroup
	defer asking.Wait()
	defer client.Close()
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer server.Close()
	asked := make(chan struct{}, 1)
	asking.Go(func() {
		defer server.Close()
		pass(client, server, func(chunk []byte) {
			switch chunk = bytes.ToLower(chunk); {
			case bytes.Contains(chunk, []byte("\npexpire\r")):
				r.holding.Do(func() { asked <- struct{}{} })
			case bytes.Contains(chunk, []byte("\npttl\r")):
				r.polling.Do(func() { close(r.polled) })
			}
		})
	})
	pass(server, client, func([]byte) {
		select {
		case <-asked:
			close(r.held)
			<-r.free
		default:
		}
	})
}

// pass copies until either side ends. seen is called with each chunk before it is
// written.
func pass(from, to net.Conn, seen func([]byte)) {
	chunk := make([]byte, 32<<10)
	for {
		n, err := from.Read(chunk)
		if n > 0 {
			seen(chunk[:n])
			if _, err := to.Write(chunk[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
