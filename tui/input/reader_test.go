package input

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// read returns the tokens that a reader makes of a source, until it ends.
func read(t *testing.T, from io.Reader) (got []string, err error) {
	t.Helper()
	r := NewReader(t.Context())
	go r.Pump(from)
	p := make([]byte, 256)
	for {
		n, err := r.Read(p)
		if n > 0 {
			got = append(got, string(p[:n]))
		}
		if err != nil {
			return got, err
		}
	}
}

func TestReaderReturnsOneTokenARead(t *testing.T) {
	got, err := read(t, strings.NewReader("j\x1b[A\x1b"))
	if strings.Join(got, "|") != "j|\x1b[A|\x1b" || err != io.EOF {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := read(t, iotest.ErrReader(io.ErrUnexpectedEOF)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
}

func TestLoneEscapeIsAKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from, to := io.Pipe()
		ctx, cancel := context.WithCancel(t.Context())
		r := NewReader(ctx)
		go r.Pump(from)
		go func() { _, _ = to.Write([]byte{escape}) }()
		began, p := time.Now(), make([]byte, 8)
		n, err := r.Read(p)
		if n != 1 || p[0] != escape || err != nil || time.Since(began) != escapeWait {
			t.Errorf("%q, %v after %s", p[:n], err, time.Since(began))
		}
		cancel()
		if _, err := r.Read(p); err != io.EOF {
			t.Errorf("error %v after the context has ended", err)
		}
		from.Close()
		to.Close()
	})
}

// 20 KB of a paste without marks do not delay ctrl+c.
func TestCtrlCDuringAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		got, _ := read(t, strings.NewReader(strings.Repeat("qy\rRx", 4000)+"\x03"))
		if last := got[len(got)-1]; last != "\x03" || time.Since(began) > time.Second {
			t.Errorf("%q is last, after %s", last, time.Since(began))
		}
		for _, token := range got[:len(got)-1] {
			if !strings.HasPrefix(token, string(pasteBegin)) {
				t.Errorf("%q is a key", token)
			}
		}
	})
}

// sink is a program that keeps its keys. Each is announced in seen.
type sink struct {
	keys []tea.KeyMsg
	seen chan string
}

func (s *sink) Init() tea.Cmd { return nil }
func (s *sink) View() string  { return "" }
func (s *sink) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	key, ok := msg.(tea.KeyMsg)
	if !ok {
		return s, nil
	}
	for _, k := range Keys(key) {
		s.seen <- k.String()
		if s.keys = append(s.keys, k); k.Type == tea.KeyCtrlC {
			return s, tea.Quit
		}
	}
	return s, nil
}

// What the reader passes on is what Bubble Tea reports.
func TestBubbleTeaReadsTheTokens(t *testing.T) {
	s := &sink{seen: make(chan string, 20)}
	ctx, cancel := context.WithCancel(t.Context())
	r := NewReader(ctx)
	out, in := io.Pipe()
	go r.Pump(out)
	go func() {
		_, _ = io.WriteString(in, "\x1b[Ajk \x1b]11;rgb:0/0/0\x1b\\\x1b[200~Rq ñ\x1b[201~\x1bb")
		for key := range s.seen { // ctrl+c passes what is not read yet
			if key == "alt+b" {
				_, _ = io.WriteString(in, "\x03")
			}
		}
	}()
	if _, err := tea.NewProgram(s, tea.WithInput(r), tea.WithOutput(&bytes.Buffer{}), tea.WithoutSignals()).Run(); err != nil {
		t.Fatal(err)
	}
	close(s.seen)
	cancel()
	_ = in.Close()
	var got []string
	for _, k := range s.keys {
		got = append(got, k.String())
	}
	if want := "up|j|k| |[Rq ñ]|alt+b|ctrl+c"; strings.Join(got, "|") != want {
		t.Errorf("%q, want %s", got, want)
	}
}

// Yield ends one reader, and the next one gets the next key.
func TestYieldingLosesNoKey(t *testing.T) {
	out, in := io.Pipe()
	r := NewReader(t.Context())
	pumped := make(chan struct{})
	go func() { defer close(pumped); r.Pump(out) }()
	ended := make(chan error)
	go func() {
		_, err := r.Read(make([]byte, 8))
		ended <- err
	}()
	r.Yield()
	if err := <-ended; err != io.EOF {
		t.Errorf("the first reader ends with %v", err)
	}
	if _, err := in.Write([]byte("2")); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 8)
	if n, err := r.Read(p); err != nil || string(p[:n]) != "2" {
		t.Errorf("the second one reads %q, %v", p[:n], err)
	}
	_ = in.Close()
	<-pumped
}
