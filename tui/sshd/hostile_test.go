package sshd

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	mathrand "math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	gossh "golang.org/x/crypto/ssh"

	"resilab/tui/input"
)

func newSigner(t *testing.T) gossh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := gossh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// Resizing before there is a program must not block the connection.
func TestResizingBeforeTheShell(t *testing.T) {
	s := startServer(t, nil)
	v := newVisitor(t, s.dial(t, nil))
	for i := range 500 {
		if err := v.sess.WindowChange(10+i%50, 40+i%50); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 100 { // an environment without end is not kept either
		_ = v.sess.Setenv("LC_"+strings.Repeat("X", i%20), "x")
	}
	v.starts()
	v.enters()
	v.sees("size=89x59")
	v.types("q")
	v.status()
}

// A client that reads nothing blocks only its own program, and is
// cut off when its time is over.
func TestStalledReaderBlocksNobodyElse(t *testing.T) {
	signer := newSigner(t)
	keys := keyringOf(t, keyLine(signer))
	s := startServer(t, func(o *Options) {
		// The other one must have entered by then.
		o.Open, o.Keys, o.IdleTimeout, o.Warning = false, keys, 8*time.Second, 100*time.Millisecond
	})
	c := s.dialAs(t, signer)
	ch, requests, err := c.OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	go gossh.DiscardRequests(requests)
	pty := ptyRequest{Term: "xterm", Columns: 500, Rows: 200}
	for _, ask := range []struct {
		name    string
		payload []byte
	}{{"pty-req", gossh.Marshal(pty)}, {"shell", nil}} {
		if ok, err := ch.SendRequest(ask.name, true, ask.payload); !ok || err != nil {
			t.Fatal(ask.name, ok, err)
		}
	}
	if _, err := ch.Write([]byte("f")); err != nil { // much to read, and the client does not read
		t.Fatal(err)
	}
	s.logs(t, "session began")
	other := newVisitor(t, s.dialAs(t, signer))
	other.starts()
	other.sees("begin a new one")
	other.types("2")
	other.sees("size=80x24")
	for i := range 10 {
		other.types("x")
		other.sees("keys=[" + strings.Repeat("x", i+1) + "]")
	}
	other.types("q")
	other.status()
	<-s.cleaned // the other's
	select {
	case <-s.cleaned:
	case <-time.After(patience):
		t.Errorf("the stalled session holds its place for ever; log:\n%s", s.log)
	}
}

func TestStoppingWithAStalledReader(t *testing.T) {
	signer := newSigner(t)
	keys := keyringOf(t, keyLine(signer))
	s := startServer(t, func(o *Options) { o.Open, o.Keys = false, keys })
	c := s.dialAs(t, signer)
	ch, requests, err := c.OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	go gossh.DiscardRequests(requests)
	pty := ptyRequest{Term: "xterm", Columns: 500, Rows: 200}
	if ok, err := ch.SendRequest("pty-req", true, gossh.Marshal(pty)); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if ok, err := ch.SendRequest("shell", true, nil); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if _, err := ch.Write([]byte("f")); err != nil {
		t.Fatal(err)
	}
	s.logs(t, "session began")
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
}

// Bytes that are not keys do not end a program or the server.
func TestNoiseOnTheKeyboard(t *testing.T) {
	s := startServer(t, nil)
	v := s.visit(t)
	v.sees("size=80x24")
	rng := mathrand.New(mathrand.NewPCG(1, 2))
	noise := make([]byte, 400)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
		if noise[i] == 'q' || noise[i] == 'p' || noise[i] == 'f' {
			noise[i] = '['
		}
	}
	v.types(string(noise) + "\x1b[200~" + strings.Repeat("z", 200))
	v.sees("zzz")
	other := s.visit(t)
	other.sees("size=80x24")
	other.types("q")
	if status := other.status(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	v.sess.Close()
}

// Coming and going 200 times leaves no goroutine behind.
func TestSessionsLeaveNothingBehind(t *testing.T) {
	s := startServer(t, nil)
	comeAndGo(t, s, true) // then all goroutines of the server have started
	<-s.cleaned
	before := runtime.NumGoroutine()
	var visitors sync.WaitGroup
	for range 20 { // at a time: most of a visit waits for the next frame
		visitors.Go(func() {
			for i := range 10 {
				comeAndGo(t, s, i%2 == 0)
			}
		})
	}
	visitors.Wait()
	for range 200 {
		<-s.cleaned
	}
	eventually(t, func() bool { return runtime.NumGoroutine() <= before },
		func() string {
			stacks := make([]byte, 1<<16)
			return string(stacks[:runtime.Stack(stacks, true)])
		})
}

// comeAndGo leaves properly or just hangs up.
func comeAndGo(t *testing.T, s *testServer, properly bool) {
	config := &gossh.ClientConfig{User: "ana", HostKeyCallback: gossh.InsecureIgnoreHostKey(), Timeout: patience}
	c, err := gossh.Dial("tcp", s.addr, config)
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	v := newVisitor(t, c)
	if err := v.sess.Shell(); err != nil {
		t.Error(err)
		return
	}
	v.enters()
	v.sees("size=80x24")
	if properly {
		v.types("q")
		v.status()
	}
}

// slow is a program that takes long for each key.
type slow struct{}

func (slow) Init() tea.Cmd { return nil }
func (slow) View() string  { return "ready" }

func (m slow) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if key, ok := msg.(tea.KeyMsg); ok {
		if key.Type == tea.KeyCtrlC {
			return m, tea.Quit
		}
		time.Sleep(slowKey * time.Duration(len(input.Keys(key))))
	}
	return m, nil
}

// slowKey is how long slow takes for a key.
const slowKey = 20 * time.Millisecond

// ctrl+c after 5 kB ends a program at once, whatever the bytes are: all keys of
// the longest paste take slow longer than the test's patience.
func TestCtrlCPassesWhatWasPasted(t *testing.T) {
	t.Parallel()
	for name, paste := range map[string]string{
		"marked":   "\x1b[200~" + strings.Repeat("qy\r", 1700) + "\x1b[201~",
		"unmarked": strings.Repeat("qy\r", 1700),
		"keys":     strings.Repeat("\x1b[A", 1700),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, func(o *Options) {
				o.NewProgram = func(context.Context, SessionInfo) (tea.Model, func(), error) { return slow{}, func() {}, nil }
			})
			v := s.visit(t)
			v.sees("ready")
			v.types(paste)
			v.types("\x03")
			if status := v.status(); status != 0 {
				t.Errorf("exit status %d", status)
			}
		})
	}
}

// A paste over SSH is not keys, marked or not, and does not delay ctrl+c.
func TestPastesAreNoKeys(t *testing.T) {
	s := startServer(t, nil)
	v := s.visit(t)
	v.sees("size=80x24")
	v.types("\x1b[200~pq\x1b[201~")
	v.sees("keys=[[pq]]")
	v.types(strings.Repeat("yfpq\r", 4000) + "\x03")
	v.sees("ctrl+c")
	for _, key := range []string{"\x1b[A", "\x1b[B"} { // what follows a paste at once belongs to it
		v.types(key)
		v.sees(map[string]string{"\x1b[A": "up", "\x1b[B": "down"}[key])
	}
	v.types("q")
	if status := v.status(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}
