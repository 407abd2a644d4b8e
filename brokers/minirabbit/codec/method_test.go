package codec

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// allMethods makes one of every method.
func allMethods() []Method {
	all := []Method{&BasicPublish{}, &BasicAck{}}
	for _, empty := range methods {
		all = append(all, empty())
	}
	return all
}

func TestMethodsAreListedUnderTheirIDs(t *testing.T) {
	for id, empty := range methods {
		if got := empty().ID(); got != id {
			t.Errorf("%T is listed under %#x, its ID is %#x", empty(), id, got)
		}
	}
}

// fill gives every field of a method a value.
func fill(t *rapid.T, m Method) {
	v := reflect.ValueOf(m).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		switch f := v.Field(i); f.Interface().(type) {
		case string:
			f.SetString(rapid.StringN(0, 60, 255).Draw(t, name))
		case []byte:
			f.SetBytes(rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(t, name))
		case bool:
			f.SetBool(rapid.Bool().Draw(t, name))
		case Table:
			f.Set(reflect.ValueOf(genTable(2).Draw(t, name)))
		default:
			f.SetUint(rapid.Uint64().Draw(t, name) & (1<<f.Type().Bits() - 1))
		}
	}
}

func TestMethodsSurviveTheWire(t *testing.T) {
	for _, m := range allMethods() {
		t.Run(reflect.TypeOf(m).Elem().Name(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				want := reflect.New(reflect.TypeOf(m).Elem()).Interface().(Method)
				fill(t, want)
				wire := AppendMethod(nil, 7, want)
				f, err := NewReader(bytes.NewReader(wire), 1<<20).Next()
				if err != nil || f.Type != FrameMethod || f.Channel != 7 {
					t.Fatalf("frame %d on %d: %v", f.Type, f.Channel, err)
				}
				var r MethodReader
				id, got, err := r.Read(f.Payload)
				if err != nil || id != want.ID() {
					t.Fatalf("id %#x: %v", id, err)
				}
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("got %+v, want %+v", got, want)
				}
			})
		})
	}
}

func TestTruncatedMethodIsRefused(t *testing.T) {
	whole := AppendMethod(nil, 1, &QueueDeclare{Queue: "q", Arguments: Table{{"x-max-length", int32(3)}}})
	payload := whole[frameHeader : len(whole)-1]
	var r MethodReader
	for n := 4; n < len(payload); n++ {
		id, m, err := r.Read(payload[:n])
		if !errors.Is(err, ErrSyntax) || m != nil || id != idQueueDeclare {
			t.Fatalf("the first %d bytes: id %#x, %v, %v", n, id, m, err)
		}
	}
	if _, _, err := r.Read(append(bytes.Clone(payload), 0)); !errors.Is(err, ErrSyntax) {
		t.Errorf("one byte too many: %v", err)
	}
	if _, _, err := r.Read([]byte{0, 60, 3, 231}); !errors.Is(err, ErrUnknownMethod) {
		t.Errorf("an unknown method: %v", err)
	}
	if _, _, err := r.Read([]byte{0, 60}); !errors.Is(err, ErrSyntax) {
		t.Errorf("half an id: %v", err)
	}
}

// TestGoldenFrames holds frames to bytes taken from the specification's
// grammar, written out by hand.
func TestGoldenFrames(t *testing.T) {
	for _, tt := range []struct {
		name string
		got  []byte
		want string
	}{
		{"heartbeat", AppendHeartbeat(nil), "\x08\x00\x00\x00\x00\x00\x00\xce"},
		{
			"basic.ack", AppendMethod(nil, 2, &BasicAck{DeliveryTag: 258, Multiple: true}),
			"\x01\x00\x02\x00\x00\x00\x0d" + "\x00\x3c\x00\x50" + "\x00\x00\x00\x00\x00\x00\x01\x02" + "\x01" + "\xce",
		},
		{
			"queue.declare", AppendMethod(nil, 1, &QueueDeclare{
				Queue: "q", Durable: true, AutoDelete: true, Arguments: Table{{"a", true}},
			}),
			"\x01\x00\x01\x00\x00\x00\x11" + "\x00\x32\x00\x0a" + "\x00\x00" + "\x01q" + "\x0a" +
				"\x00\x00\x00\x04" + "\x01at\x01" + "\xce",
		},
		{
			"content in two bodies", AppendContent(nil, 3, (&Properties{Present: HasDeliveryMode, DeliveryMode: 2}).Encode(), []byte("abcde"), FrameOverhead+3),
			"\x02\x00\x03\x00\x00\x00\x0f" + "\x00\x3c\x00\x00" + "\x00\x00\x00\x00\x00\x00\x00\x05" + "\x10\x00\x02" + "\xce" +
				"\x03\x00\x03\x00\x00\x00\x03abc\xce" + "\x03\x00\x03\x00\x00\x00\x02de\xce",
		},
		{
			"content without a body", AppendContent(nil, 3, []byte{0, 0}, nil, 4096),
			"\x02\x00\x03\x00\x00\x00\x0e" + "\x00\x3c\x00\x00" + "\x00\x00\x00\x00\x00\x00\x00\x00" + "\x00\x00" + "\xce",
		},
	} {
		if string(tt.got) != tt.want {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, tt.got, tt.want)
		}
	}
}

func TestReadingRepeatedPublishesAllocatesNothing(t *testing.T) {
	wire := AppendMethod(nil, 1, &BasicPublish{Exchange: "orders", RoutingKey: "customer-17", Mandatory: true})
	payload := wire[frameHeader : len(wire)-1]
	var r MethodReader
	if n := testing.AllocsPerRun(100, func() {
		if _, _, err := r.Read(payload); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
