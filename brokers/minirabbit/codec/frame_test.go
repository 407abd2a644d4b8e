package codec

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// frameOf writes any frame.
func frameOf(kind byte, channel uint16, payload []byte) []byte {
	dst, start := openFrame(nil, kind, channel)
	return closeFrame(append(dst, payload...), start)
}

// TestReaderCutsAnyStream: however the bytes arrive, the frames are the same.
func TestReaderCutsAnyStream(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(0, 3*readAhead), 1, 8).Draw(t, "sizes")
		var wire []byte
		for i, n := range sizes {
			wire = append(wire, frameOf(FrameBody, uint16(i), bytes.Repeat([]byte{byte(n)}, n))...)
		}
		src := io.Reader(bytes.NewReader(wire))
		if rapid.Bool().Draw(t, "halves") {
			src = iotest.HalfReader(src)
		}
		r := NewReader(src, 4*readAhead)
		for i, n := range sizes {
			f, err := r.Next()
			if err != nil || f.Channel != uint16(i) || len(f.Payload) != n || bytes.Count(f.Payload, []byte{byte(n)}) != n {
				t.Fatalf("frame %d: channel %d, %d bytes, %v; want %d bytes", i, f.Channel, len(f.Payload), err, n)
			}
		}
		if _, err := r.Next(); err != io.EOF {
			t.Fatalf("after the last frame: %v", err)
		}
	})
}

func TestReaderRefuses(t *testing.T) {
	for _, tt := range []struct{ name, wire, want string }{
		{"a frame too large", "\x03\x00\x01\x00\x00\x10\x01", "type 3, all octets = <<>>: {frame_too_large,4097,4088}"},
		{"a frame of 4 GB", "\x03\x00\x01\xff\xff\xff\xff", "type 3, all octets = <<>>: {frame_too_large,4294967295,4088}"},
		{"a wrong end", "\x01\x00\x01\x00\x00\x00\x02hix", `type 1, all octets = <<"hi">>: {invalid_frame_end_marker,120}`},
	} {
		_, err := NewReader(bytes.NewReader([]byte(tt.wire)), 4096).Next()
		var frame *FrameError
		if !errors.As(err, &frame) || err.Error() != tt.want {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	whole := frameOf(FrameMethod, 1, []byte("payload"))
	for n := 1; n < len(whole); n++ {
		if _, err := NewReader(bytes.NewReader(whole[:n]), 4096).Next(); err != io.ErrUnexpectedEOF {
			t.Errorf("the stream ends after %d bytes: %v", n, err)
		}
	}
}

func TestReaderAllocatesOnlyWhatArrives(t *testing.T) {
	claim := binary.BigEndian.AppendUint32([]byte{FrameBody, 0, 1}, 1<<30)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 100 {
		if _, err := NewReader(bytes.NewReader(claim), 131072).Next(); err == nil {
			t.Fatal("accepted")
		}
	}
	runtime.ReadMemStats(&after)
	if perFrame := (after.TotalAlloc - before.TotalAlloc) / 100; perFrame > 4*readAhead {
		t.Errorf("%d bytes for each claim", perFrame)
	}
}

func TestReaderReleasesALargeBuffer(t *testing.T) {
	wire := frameOf(FrameBody, 1, make([]byte, 100_000))
	for range 100 {
		wire = append(wire, frameOf(FrameBody, 1, make([]byte, 1000))...)
	}
	r := NewReader(iotest.OneByteReader(bytes.NewReader(wire)), 131072)
	for {
		if _, err := r.Next(); err != nil {
			break
		}
	}
	if len(r.buf) != readAhead {
		t.Errorf("the buffer stays at %d bytes", len(r.buf))
	}
}

func TestReady(t *testing.T) {
	wire := append(AppendHeartbeat(nil), AppendHeartbeat(nil)...)
	r := NewReader(bytes.NewReader(wire[:len(wire)-1]), 4096)
	if r.Ready() {
		t.Error("ready before anything was read")
	}
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	if r.Ready() {
		t.Error("ready with half a frame")
	}
	r = NewReader(bytes.NewReader(wire), 4096)
	if _, err := r.Next(); err != nil || !r.Ready() {
		t.Errorf("not ready with a whole frame, %v", err)
	}
}

// TestErlangText compares with what io_lib:format("~p") of Erlang/OTP 25 printed.
func TestErlangText(t *testing.T) {
	long := strings.Repeat("\x01", 18)
	for _, tt := range []struct{ in, want string }{
		{"", "<<>>"},
		{"payload", `<<"payload">>`},
		{"\x00\x01\xc8", "<<0,1,200>>"},
		{"ñ", `<<"ñ">>`},                     // C3 B1: both printable in Latin-1
		{"€", "<<226,130,172>>"},             // 82 is not
		{"\xc2\x80", "<<194,128>>"},          // nor is 80
		{"\x7f", "<<127>>"},                  // nor DEL
		{"a\"b\\c", `<<"a\"b\\c">>`},         // quoted
		{"\r\v\f\b\x1b", `<<"\r\v\f\b\e">>`}, // escaped
		{long + "\x7b\x01", "<<" + strings.Repeat("1,", 18) + "123,1>>"},
		{long + "\x7b\x2d", "<<" + strings.Repeat("1,", 18) + "123,\n" + strings.Repeat(" ", 38) + "45>>"},
		{strings.Repeat("\x80", 11), "<<" + strings.Repeat("128,", 10) + "\n" + strings.Repeat(" ", 38) + "128>>"},
	} {
		const prefix = "The binding key must be an integer: "
		if got := ErlangText(prefix, []byte(tt.in)); got != prefix+tt.want {
			t.Errorf("%q: got %s, want %s", tt.in, got, prefix+tt.want)
		}
	}
}

func TestExcerpt(t *testing.T) {
	for payload, want := range map[string]string{
		"0123456789abcdef":  `type 3, all octets = <<"0123456789abcdef">>`,
		"0123456789abcdefg": `type 3, first 16 octets = <<"0123456789abcdef">>`,
	} {
		if got := Excerpt(3, []byte(payload)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
