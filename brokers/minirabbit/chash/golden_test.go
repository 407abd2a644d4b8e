package chash

import (
	"bufio"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"resilab/brokers/minirabbit/codec"
)

// The files in testdata were written by Erlang itself; see testdata/golden.erl.

func TestHashMatchesErlangsPhash2(t *testing.T) {
	for _, f := range rows(t, "phash2.txt") {
		key := unhex(t, f[0])
		if got, want := Hash(key), u32(t, f[1]); got != want {
			t.Errorf("Hash(%x) = %d, want %d", key, got, want)
		}
		if got, want := Hash(string(key)), u32(t, f[1]); got != want {
			t.Errorf("Hash of the string %x = %d, want %d", key, got, want)
		}
		if got, want := HashTuple(key), u32(t, f[2]); got != want {
			t.Errorf("HashTuple(%x) = %d, want %d", key, got, want)
		}
		if got, want := HashField(string(key)), u32(t, f[2]); got != want {
			t.Errorf("HashField(%x) = %d, want %d", key, got, want)
		}
	}
}

func TestHashFieldIsErlangsPhash2OfTheTaggedValue(t *testing.T) {
	for _, f := range rows(t, "fields.txt") {
		value := fieldValue(t, f[0], f[1])
		if got, want := HashField(value), u32(t, f[2]); got != want {
			t.Errorf("HashField(%T %v) = %d, want %d", value, value, got, want)
		}
	}
	type other struct{}
	if got := HashField(other{}); got != HashUndefined {
		t.Errorf("HashField of a type that no field has = %d, want HashUndefined", got)
	}
	if atom("undefined")&mask27 != HashUndefined {
		t.Errorf("HashUndefined = %d, want %d", HashUndefined, atom("undefined")&mask27)
	}
}

// TestHashFieldOfNestedValues: decimals, arrays and tables, decoded from their bytes.
func TestHashFieldOfNestedValues(t *testing.T) {
	for _, row := range rows(t, "nested.txt") {
		value, ok := codec.LookupField(append([]byte("\x01v"), unhex(t, row[0])...), "v")
		if !ok {
			t.Fatalf("%s is no value", row[0])
		}
		if got, want := HashField(value), u32(t, row[1]); got != want {
			t.Errorf("HashField(%T %v) = %d, want %d", value, value, got, want)
		}
	}
	if got := HashField(codec.Array{codec.Table{{Name: "x", Value: struct{}{}}}}); got != HashUndefined {
		t.Errorf("HashField of an array with a type that no field has = %d, want HashUndefined", got)
	}
}

// TestHashValuePlacesAsRabbitMQ: the same bucket as in versions whose headers have no
// type.
func TestHashValuePlacesAsRabbitMQ(t *testing.T) {
	for _, row := range rows(t, "values.txt") {
		value, ok := codec.LookupField(append([]byte("\x01v"), unhex(t, row[0])...), "v")
		if !ok {
			t.Fatalf("%s is no value", row[0])
		}
		if got, want := jump(HashValue(value), 1000), int64(u32(t, row[1])); got != want {
			t.Errorf("HashValue(%T %v) leads to bucket %d, want %d", value, value, got, want)
		}
	}
	for value, want := range map[any]uint32{nil: HashUndefined, struct{}{}: HashUndefined, "user-1": Hash("user-1")} {
		if got := HashValue(value); got != want {
			t.Errorf("HashValue(%v) = %d, want %d", value, got, want)
		}
	}
}

// TestHashKeys: erlang:phash2 of lists of binaries.
func TestHashKeys(t *testing.T) {
	for want, keys := range map[uint32][]string{403364: {"k"}, 9832064: {"user-1", "cc"}} {
		if got := HashKeys(keys); got != want {
			t.Errorf("HashKeys(%q) = %d, want %d", keys, got, want)
		}
	}
}

func TestExs1024MatchesErlang(t *testing.T) {
	for _, f := range rows(t, "exs1024.txt") {
		g := newExs1024(uint64(u32(t, f[0])))
		for i, want := range f[1:] {
			if got := strconv.FormatUint(g.next(), 10); got != want {
				t.Fatalf("seed %s, output %d: %s, want %s", f[0], i, got, want)
			}
		}
	}
}

func TestJumpMatchesRabbitMQ(t *testing.T) {
	sizes := []int64{1, 2, 3, 5, 8, 16, 100, 1000, 1000000}
	for _, f := range rows(t, "jump.txt") {
		for i, n := range sizes {
			if got := strconv.FormatInt(jump(u32(t, f[0]), n), 10); got != f[i+1] {
				t.Errorf("jump(%s, %d) = %s, want %s", f[0], n, got, f[i+1])
			}
		}
	}
}

// fieldValue makes the Go value that amqp091-go uses for an Erlang field type.
func fieldValue(t *testing.T, kind, text string) any {
	t.Helper()
	switch kind {
	case "void":
		return nil
	case "bool":
		return text == "true"
	case "binary":
		return unhex(t, text)
	case "float", "double":
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		if kind == "float" {
			return float32(f)
		}
		return f
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	switch kind {
	case "byte":
		return int8(n)
	case "unsignedbyte":
		return uint8(n)
	case "short":
		return int16(n)
	case "unsignedshort":
		return uint16(n)
	case "signedint":
		return int32(n)
	case "unsignedint":
		return uint32(n)
	case "long":
		return n
	case "timestamp":
		return time.Unix(n, 0)
	}
	t.Fatalf("no Go type for %s", kind)
	return nil
}

func rows(t *testing.T, name string) [][]string {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all [][]string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		all = append(all, strings.Fields(lines.Text()))
	}
	if len(all) < 50 {
		t.Fatalf("%s has only %d rows", name, len(all))
	}
	return all
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	if s == "-" {
		return nil
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func u32(t *testing.T, s string) uint32 {
	t.Helper()
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(n)
}
