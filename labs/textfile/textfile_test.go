package textfile

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestDecode(t *testing.T) {
	for _, tc := range []struct{ name, data, want, encoding string }{
		{"plain", "a\nb\n", "a\nb\n", ""},
		{"empty", "", "", ""},
		{"a mark alone", utf8Mark, "", ""},
		{"mark and CRLF", utf8Mark + "a\r\nb", "a\nb", ""},
		{"a lone CR stays", "a\rb", "a\rb", ""},
		{"UTF-16 little-endian", "\xff\xfea\x00", "", "UTF-16"},
		{"UTF-16 big-endian", "\xfe\xff\x00a", "", "UTF-16"},
		{"UTF-32 little-endian", "\xff\xfe\x00\x00a\x00\x00\x00", "", "UTF-32"},
		{"UTF-16 without a mark", "a\x00b\x00", "", "none"},
		{"Latin-1", "caf\xe9", "", "none"},
	} {
		text, err := Decode([]byte(tc.data))
		var bad *EncodingError
		switch {
		case tc.encoding == "" && (err != nil || text != tc.want):
			t.Errorf("%s: %q, %v", tc.name, text, err)
		case tc.encoding == "none" && (!errors.As(err, &bad) || bad.Encoding != ""):
			t.Errorf("%s: %v", tc.name, err)
		case tc.encoding != "" && tc.encoding != "none" && (!errors.As(err, &bad) || bad.Encoding != tc.encoding):
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	if _, err := Decode([]byte("a\nb\xff\n")); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("the line is not named: %v", err)
	}
}

func lines(r io.Reader) (all []string, err error) {
	for line, e := range Lines(r) {
		if e != nil {
			return all, e
		}
		all = append(all, line)
	}
	return all, nil
}

func TestLines(t *testing.T) {
	for in, want := range map[string][]string{
		"": nil, "a": {"a"}, "a\n": {"a"}, utf8Mark + "a\r\nb\r\n": {"a", "b"}, "a\n\nb": {"a", "", "b"}, "\n": {""},
		utf8Mark + "a": {"a"},
	} {
		if got, err := lines(strings.NewReader(in)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"\xff\xfea\x00\n\x00", "\xff\xfe", "a\n\xff\n", "a\x00", strings.Repeat("x", MaxLine+1)} {
		if got, err := lines(strings.NewReader(in)); err == nil {
			t.Errorf("%.20q: read as %.20q", in, got)
		}
	}
}

func TestReadNamesThePath(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f.txt")
	if err := os.WriteFile(path, []byte("\xff\xfea\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, filepath.Join(dir, "missing"), dir} {
		if _, err := Read(t.Context(), p); err == nil || !strings.Contains(err.Error(), p) {
			t.Errorf("%s: %v", p, err)
		}
	}
	if err := os.Truncate(path, MaxSize+1); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(t.Context(), path); err == nil || !strings.Contains(err.Error(), "larger") {
		t.Errorf("a file that is too large: %v", err)
	}
}

// A read that waits ends with its context.
func TestReaderEndsWithItsContext(t *testing.T) {
	in, out := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	r := Reader(ctx, in)
	go func() { _, _ = out.Write([]byte("a\n")) }()
	buf := make([]byte, 8)
	if n, err := r.Read(buf); err != nil || string(buf[:n]) != "a\n" {
		t.Errorf("%q, %v", buf[:n], err)
	}
	cancel()
	if _, err := r.Read(buf); !errors.Is(err, context.Canceled) {
		t.Errorf("after its end: %v", err)
	}
	_ = out.Close()
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"", "a\r\nb", "\r\r\n", "a\r", utf8Mark + "x", "\xff\xfea\x00", "a\x00", "\xe9"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		text, err := Decode(data)
		if err != nil {
			var bad *EncodingError
			if !errors.As(err, &bad) {
				t.Fatalf("%v", err)
			}
			return
		}
		if !utf8.ValidString(text) || strings.Contains(text, "\r\n") || strings.Contains(text, "\x00") {
			t.Fatalf("%q decoded to %q", data, text)
		}
		// Line by line it is the same text.
		got, err := lines(strings.NewReader(string(data)))
		if err != nil {
			t.Fatalf("%q: %v", data, err)
		}
		want := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		if text == "" {
			want = nil
		}
		if len(text) < MaxLine && !slices.Equal(got, want) {
			t.Fatalf("%q: lines %q, want %q", data, got, want)
		}
	})
}
