package codec

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// genTable makes tables of every type of value, nested up to depth.
func genTable(depth int) *rapid.Generator[Table] {
	return rapid.Custom(func(t *rapid.T) Table {
		var table Table
		for range rapid.IntRange(0, 4).Draw(t, "fields") {
			table = append(table, Field{
				rapid.StringN(0, 20, 255).Draw(t, "name"),
				genValue(depth).Draw(t, "value"),
			})
		}
		return table
	})
}

func genValue(depth int) *rapid.Generator[any] {
	flat := []*rapid.Generator[any]{
		rapid.Just[any](nil),
		rapid.Bool().AsAny(), rapid.Int8().AsAny(), rapid.Uint8().AsAny(),
		rapid.Int16().AsAny(), rapid.Uint16().AsAny(), rapid.Int32().AsAny(), rapid.Uint32().AsAny(),
		rapid.Int64().AsAny(), rapid.Uint64().AsAny(), rapid.Float32().AsAny(), rapid.Float64().AsAny(),
		rapid.String().AsAny(), rapid.SliceOfN(rapid.Byte(), 1, 10).AsAny(),
		rapid.Map(rapid.Uint64(), func(n uint64) any { return Timestamp(n) }),
		rapid.Map(rapid.Int32(), func(n int32) any { return Decimal{uint8(n), n} }),
	}
	if depth > 0 {
		array := rapid.Custom(func(t *rapid.T) any {
			a := Array{}
			for range rapid.IntRange(0, 3).Draw(t, "elements") {
				a = append(a, genValue(depth-1).Draw(t, "element"))
			}
			return a
		})
		flat = append(flat, array, genTable(depth-1).AsAny())
	}
	return rapid.OneOf(flat...)
}

func TestTablesSurviveTheWire(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genTable(3).Draw(t, "table")
		raw := want.Encode()
		got, err := DecodeTable(raw)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %#v, want %#v", got, want)
		}
		if err := CheckTable(raw); err != nil {
			t.Fatalf("decoded, but does not check: %v", err)
		}
		for _, f := range want {
			first, _ := want.Get(f.Name)
			if v, ok := LookupField(raw, f.Name); !ok || !reflect.DeepEqual(v, first) {
				t.Fatalf("%q: got %#v, %v", f.Name, v, ok)
			}
		}
	})
}

func TestBadTables(t *testing.T) {
	deep := "\x01aV"
	for range maxDepth {
		deep = "\x01aF\x00\x00" + string([]byte{byte(len(deep) >> 8), byte(len(deep))}) + deep
	}
	for name, raw := range map[string]string{
		"unknown type":           "\x01a?",
		"no type":                "\x01a",
		"name longer than table": "\x05a",
		"value cut":              "\x01aI\x00\x00",
		"length of 4 GB":         "\x01aS\xff\xff\xff\xff",
		"bad value inside array": "\x01aA\x00\x00\x00\x01?",
		"bad name inside table":  "\x01aF\x00\x00\x00\x01\x09",
		"nested too deeply":      deep,
	} {
		if _, err := DecodeTable([]byte(raw)); !errors.Is(err, ErrSyntax) {
			t.Errorf("%s: DecodeTable returns %v", name, err)
		}
		if err := CheckTable([]byte(raw)); !errors.Is(err, ErrSyntax) {
			t.Errorf("%s: CheckTable returns %v", name, err)
		}
		if v, ok := LookupField([]byte(raw), "a"); ok && name != "nested too deeply" {
			t.Errorf("%s: LookupField found %v", name, v)
		}
	}
}

func TestTableEdits(t *testing.T) {
	table := Table{{"a", int32(1)}, {"b", "two"}}
	changed := table.With("a", int32(9)).With("c", nil).Without("b")
	if want := (Table{{"a", int32(9)}, {"c", nil}}); !reflect.DeepEqual(changed, want) {
		t.Errorf("got %v, want %v", changed, want)
	}
	if v, _ := table.Get("a"); v != int32(1) || len(table) != 2 {
		t.Errorf("the original became %v", table)
	}
	if _, ok := table.Get("z"); ok {
		t.Error("found a field that is not there")
	}
}

func TestLongNamesAreCut(t *testing.T) {
	raw := Table{{strings.Repeat("n", 300), math.Pi}}.Encode()
	got, err := DecodeTable(raw)
	if err != nil || len(got[0].Name) != 255 || got[0].Value != math.Pi {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestPropertiesSurviveTheWire(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(rapid.Byte(), 1, 255)
		want := Properties{
			Present:     rapid.Uint16().Draw(t, "present") &^ 3,
			ContentType: text.Draw(t, "content type"), ContentEncoding: text.Draw(t, "content encoding"),
			Headers:      genTable(2).Draw(t, "headers").Encode(),
			DeliveryMode: rapid.Byte().Draw(t, "mode"), Priority: rapid.Byte().Draw(t, "priority"),
			CorrelationID: text.Draw(t, "correlation"), ReplyTo: text.Draw(t, "reply"),
			Expiration: text.Draw(t, "expiration"), MessageID: text.Draw(t, "message"),
			Timestamp: rapid.Uint64().Draw(t, "time"), Type: text.Draw(t, "type"),
			UserID: text.Draw(t, "user"), AppID: text.Draw(t, "app"), ClusterID: text.Draw(t, "cluster"),
		}
		raw := want.Encode()
		got, err := ParseProperties(raw)
		if err != nil {
			t.Fatal(err)
		}
		if again := got.Encode(); !bytes.Equal(again, raw) {
			t.Fatalf("got %q, want %q", again, raw)
		}
		if want.Present&HasTimestamp != 0 && got.Timestamp != want.Timestamp {
			t.Fatalf("time %d, want %d", got.Timestamp, want.Timestamp)
		}
		for n := range raw {
			if _, err := ParseProperties(raw[:n]); !errors.Is(err, ErrSyntax) {
				t.Fatalf("the first %d of %d bytes: %v", n, len(raw), err)
			}
		}
	})
}

func TestBadProperties(t *testing.T) {
	for name, raw := range map[string]string{
		"more flags to come": "\x00\x01\x00\x00",
		"bytes left over":    "\x00\x00x",
		"bad headers":        "\x20\x00\x00\x00\x00\x03\x01a?",
	} {
		if _, err := ParseProperties([]byte(raw)); !errors.Is(err, ErrSyntax) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
