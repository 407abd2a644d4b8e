package transport

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestOrderSurvivesItsMessage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Order{N: rapid.Uint64().Draw(t, "n"), User: rapid.IntRange(0, 10000).Draw(t, "user"), Seq: rapid.Uint64Min(1).Draw(t, "seq"),
			Poison: rapid.Bool().Draw(t, "poison"), Created: time.UnixMilli(rapid.Int64Range(0, 1<<41).Draw(t, "at"))}
		got, err := decode(encode(want))
		if err != nil || got != want {
			t.Fatalf("%+v comes back as %+v, %v", want, got, err)
		}
	})
}

// TestMessageIsTheMaterials: other programs read and write these four fields.
func TestMessageIsTheMaterials(t *testing.T) {
	o := Order{N: 7, User: 2, Seq: 3, Created: time.UnixMilli(1700000000000)}
	if got, want := string(encode(o)), `{"orderId":"order-7","user":"user3","seq":3,"timestamp":1700000000000}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func FuzzDecodeOrder(f *testing.F) {
	f.Add([]byte(`{"orderId":"order-1","user":"user1","seq":1,"timestamp":1}`))
	f.Add([]byte(`{"orderId":"x","user":"user0","seq":0}`))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := decode(body)
		if err == nil && (o.User < 0 || o.Seq < 1) {
			t.Errorf("%q is read as %+v", body, o)
		}
	})
}
