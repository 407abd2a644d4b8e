package routing

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"resilab/brokers/nats"
)

// tokens returns random keys that can be a token of a subject.
func tokens(n int) []string {
	random := rand.New(rand.NewPCG(1, 2))
	letters := []rune("abcxyzABC0189-_/:$#,ñáéíóúß漢字😀")
	all := make([]string, n)
	for i := range all {
		for range 1 + random.IntN(24) {
			all[i] += string(letters[random.IntN(len(letters))])
		}
	}
	return all
}

// natsStream is a stream in an embedded server, which shares keys out among partitions.
type natsStream struct {
	js     jetstream.JetStream
	stream jetstream.Stream
}

func newNATSStream(t *testing.T, partitions int) natsStream {
	t.Helper()
	server, err := nats.StartEmbedded()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	conn, err := natsgo.Connect(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "orders", Subjects: []string{"in.*"},
		SubjectTransform: &jetstream.SubjectTransformConfig{Source: "in.*", Destination: fmt.Sprintf("orders.{{partition(%d,1)}}", partitions)}})
	if err != nil {
		t.Fatal(err)
	}
	return natsStream{js, stream}
}

// partition returns where the server puts a key.
func (s natsStream) partition(t *testing.T, key string) (subject string, err error) {
	t.Helper()
	ack, err := s.js.Publish(t.Context(), "in."+key, []byte(key), jetstream.WithRetryAttempts(0))
	if err != nil {
		return "", err
	}
	m, err := s.stream.GetMsg(t.Context(), ack.Sequence)
	if err != nil {
		t.Fatal(err)
	}
	return m.Subject, nil
}

// TestNATSAgrees compares with where the server puts keys.
func TestNATSAgrees(t *testing.T) {
	for _, n := range []int{1, 3, 4, 7, 50} {
		server, router := newNATSStream(t, n), Subjects(n)
		for _, key := range append(tokens(200), "user1", "user2", "ñ") {
			if err := CheckToken(key); err != nil {
				t.Errorf("%q is not allowed: %v", key, err)
			}
			got, err := server.partition(t, key)
			if want := fmt.Sprintf("orders.%d", router.Route(key)); err != nil || got != want {
				t.Fatalf("%d partitions, key %q: the server says %q, want %q; error %v", n, key, got, want, err)
			}
		}
	}
}

// TestTokensOfSubjects: what is not allowed cannot be published as one token.
func TestTokensOfSubjects(t *testing.T) {
	server := newNATSStream(t, 3)
	for _, key := range []string{"", "a.b", ".a", "a.", "a b", "a\tb", "a\nb", "a\r", ">", "*"} {
		if CheckToken(key) == nil {
			t.Errorf("%q is allowed", key)
		}
		if got, err := server.partition(t, key); err == nil && strings.HasPrefix(got, "orders.") {
			t.Errorf("the server puts %q into %s", key, got)
		}
	}
	for _, reserved := range []string{"a*", ">a", "a\x00", "a\u00a0b"} {
		if CheckToken(reserved) == nil {
			t.Errorf("%q is allowed", reserved)
		}
	}
}
