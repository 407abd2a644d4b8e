package sshd

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

func TestKeyboardHasThePaceOfAPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		flood := strings.NewReader(strings.Repeat("a", 5000))
		k := &keyboard{ctx: t.Context(), from: flood}
		began := time.Now()
		buf := make([]byte, 256)
		total := 0
		for {
			n, err := k.Read(buf)
			if n > chunk {
				t.Fatalf("%d bytes at once", n)
			}
			total += n
			if err != nil {
				break
			}
		}
		if took := time.Since(began); total != 5000 || took < 9*time.Second || took > 11*time.Second {
			t.Errorf("%d bytes in %s", total, took)
		}
	})
}

func TestKeyboardStopsWaitingWithTheSession(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	k := &keyboard{ctx: ctx, from: strings.NewReader("x"), next: time.Now().Add(time.Hour)}
	cancel()
	if _, err := k.Read(make([]byte, 8)); err != io.EOF {
		t.Errorf("error %v", err)
	}
}

func TestKeyboardDropsPasteMarks(t *testing.T) {
	for in, want := range map[string]string{
		"\x1b[200~hola\x1b[201~": "hola",
		"\x1b[200~":              "",
		"a\x1b[200~\x1b[200~b":   "ab",
		"\x1b[A":                 "\x1b[A",
	} {
		got, err := io.ReadAll(&keyboard{ctx: t.Context(), from: strings.NewReader(in)})
		if err != nil || string(got) != want {
			t.Errorf("%q is read as %q, %v", in, got, err)
		}
	}
	broken := &keyboard{ctx: t.Context(), from: iotest.ErrReader(io.ErrUnexpectedEOF)}
	if _, err := broken.Read(make([]byte, 8)); err != io.ErrUnexpectedEOF {
		t.Errorf("error %v", err)
	}
}
