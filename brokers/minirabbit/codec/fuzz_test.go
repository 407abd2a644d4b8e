package codec

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// FuzzFrames reads any bytes as a stream of frames, methods and headers: no
// panic, no memory for what is only claimed, and what is understood means the
// same when it is written and read again.
func FuzzFrames(f *testing.F) {
	f.Add(AppendHeartbeat(nil))
	f.Add(AppendMethod(nil, 1, &QueueDeclare{Queue: "q", Arguments: Table{{"x", Array{int8(1), Table{{"y", nil}}}}}}))
	f.Add(AppendMethod(nil, 0, &ConnectionStartOk{ClientProperties: Table{{"a", Decimal{2, 314}}}, Response: []byte("\x00u\x00p")}))
	props := Properties{Present: HasHeaders | HasExpiration, Headers: Table{{"h", Timestamp(1)}}.Encode(), Expiration: []byte("60")}
	f.Add(AppendContent(AppendMethod(nil, 1, &BasicPublish{Exchange: "x"}), 1, props.Encode(), []byte("body"), 4096))
	f.Add([]byte("\x03\x00\x01\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		const maxFrame = 4096
		r := NewReader(bytes.NewReader(wire), maxFrame)
		var methods MethodReader
		for {
			frame, err := r.Next()
			var bad *FrameError
			if errors.As(err, &bad) || err == io.EOF || err == io.ErrUnexpectedEOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(frame.Payload) > maxFrame {
				t.Fatalf("a payload of %d bytes", len(frame.Payload))
			}
			switch frame.Type {
			case FrameMethod:
				sameMethod(t, &methods, frame)
			case FrameHeader:
				sameHeader(t, frame)
			}
		}
		if len(r.buf) > readAhead {
			t.Fatalf("a buffer of %d bytes for frames of %d", len(r.buf), maxFrame)
		}
	})
}

func sameMethod(t *testing.T, methods *MethodReader, frame Frame) {
	_, m, err := methods.Read(frame.Payload)
	if err != nil {
		return
	}
	wire := AppendMethod(nil, frame.Channel, m)
	_, again, err := new(MethodReader).Read(wire[frameHeader : len(wire)-1])
	if err != nil {
		t.Fatalf("%#v does not read back: %v", m, err)
	}
	if twice := AppendMethod(nil, frame.Channel, again); !bytes.Equal(wire, twice) {
		t.Fatalf("%#v became %#v", m, again)
	}
}

func sameHeader(t *testing.T, frame Frame) {
	h, err := ParseContentHeader(frame.Payload)
	if err != nil {
		return
	}
	p, err := ParseProperties(h.Props)
	if err != nil {
		return
	}
	if again := p.Encode(); !bytes.Equal(again, h.Props) {
		t.Fatalf("%q became %q", h.Props, again)
	}
	headers, err := DecodeTable(p.Headers)
	if err != nil {
		t.Fatalf("headers that were checked do not decode: %v", err)
	}
	back, err := DecodeTable(headers.Encode())
	if err != nil || !bytes.Equal(headers.Encode(), back.Encode()) {
		t.Fatalf("%#v became %#v, %v", headers, back, err)
	}
}

// FuzzTable decodes any bytes as a field table: checking and decoding agree,
// and the memory is in proportion to the input.
func FuzzTable(f *testing.F) {
	f.Add(Table{{"a", int64(1)}, {"b", Array{"x", []byte{1}, Table{}}}}.Encode())
	f.Add([]byte("\x01aS\xff\xff\xff\xff"))
	f.Add([]byte("\x01aF\x00\x00\x00\x03\x01bV"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		table, err := DecodeTable(raw)
		if check := CheckTable(raw); (check == nil) != (err == nil) {
			t.Fatalf("DecodeTable returns %v, CheckTable %v", err, check)
		}
		if err != nil && !errors.Is(err, ErrSyntax) {
			t.Fatal(err)
		}
		if n := count(table); n > len(raw) {
			t.Fatalf("%d values out of %d bytes", n, len(raw))
		}
		for _, field := range table {
			if _, ok := LookupField(raw, field.Name); err == nil && !ok {
				t.Fatalf("%q is not found", field.Name)
			}
		}
	})
}

func count(v any) int {
	n := 1
	switch v := v.(type) {
	case Table:
		n = 0
		for _, f := range v {
			n += count(f.Value)
		}
	case Array:
		for _, e := range v {
			n += count(e)
		}
	}
	return n
}
