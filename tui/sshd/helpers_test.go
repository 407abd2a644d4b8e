package sshd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	gossh "golang.org/x/crypto/ssh"

	"resilab/brokers/brokertest"
	"resilab/tui/input"
	"resilab/tui/sshd/sshdtest"
	"resilab/tui/state"
)

func TestMain(m *testing.M) {
	brokertest.Overlap()
	brokertest.VerifyTestMain(m)
}

// patience is only for a server or a client that hangs.
const patience = 2 * time.Minute

// probe is a visitor's program that shows what it received. p makes it
// panic, q ends it, and with f it fills its screen with noise for ever.
type probe struct {
	who   SessionInfo
	w, h  int
	keys  string
	noise int
	seen  uint64        // messages
	drawn *atomic.Int64 // how often it was drawn in another size; nil: not counted
}

type noiseMsg struct{}

func (p *probe) Init() tea.Cmd { return nil }

// Revision implements Sized.
func (p *probe) Revision() uint64 { return p.seen }

// ViewAt implements Sized.
func (p *probe) ViewAt(w, h int) string {
	if p.drawn != nil {
		p.drawn.Add(1)
	}
	other := *p
	other.w, other.h = w, h
	return other.View()
}

type orderMsg string

func (p *probe) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	p.seen++
	if order, ok := msg.(orderMsg); ok {
		p.keys += "<" + string(order) + ">"
	}
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		p.w, p.h = msg.Width, msg.Height
	case noiseMsg:
		p.noise++
		return p, makeNoise
	case tea.KeyMsg:
		for _, key := range input.Keys(msg) {
			if cmd := p.key(key.String()); cmd != nil {
				return p, cmd
			}
		}
	}
	return p, nil
}

func (p *probe) key(key string) tea.Cmd {
	p.keys += key
	p.keys = p.keys[max(0, len(p.keys)-30):]
	if do := map[string]func(){"P": p.who.Present, "W": p.who.Watch, "N": p.who.Refuse}[key]; do != nil {
		do()
	}
	switch key {
	case "p":
		panic("a mistake")
	case "q":
		return tea.Quit
	case "f":
		return makeNoise
	}
	return nil
}

func makeNoise() tea.Msg {
	time.Sleep(time.Millisecond)
	return noiseMsg{}
}

func (p *probe) View() string {
	lines := []string{
		fmt.Sprintf("user=%s lang=%s term=%s", p.who.User, p.who.Lang, p.who.Term),
		fmt.Sprintf("size=%dx%d keys=[%s]", p.w, p.h, p.keys),
	}
	if p.noise > 0 {
		for i := range max(0, p.h-3) {
			lines = append(lines, strings.Repeat(fmt.Sprintf("%c", 'a'+rune((p.noise+i)%26)), max(0, p.w-1)))
		}
	}
	return strings.Join(append(lines, "last line"), "\n")
}

// syncBuffer is a buffer that many may write to.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// testServer is a running server and its log.
type testServer struct {
	addr, fingerprint string
	log               *syncBuffer
	stop              func() error
	cleaned           chan string // the users whose program was cleaned up after
}

// startServer serves probes; change adapts the options.
func startServer(t *testing.T, change func(*Options)) *testServer {
	t.Helper()
	s := &testServer{log: &syncBuffer{}, cleaned: make(chan string, 1000)}
	ready := make(chan struct{})
	opt := Options{
		Addr: "127.0.0.1:0", HostKeyPath: filepath.Join(t.TempDir(), "host_key"), Lang: "en",
		Logins: Logins{Open: true}, Limits: Limits{MaxPerAddress: 1000, Grace: 300 * time.Millisecond},
		Logger: slog.New(slog.NewTextHandler(s.log, nil)),
		Ready: func(addr net.Addr, fingerprint string) {
			s.addr, s.fingerprint = addr.String(), fingerprint
			close(ready)
		},
		NewProgram: func(_ context.Context, who SessionInfo) (tea.Model, func(), error) {
			return &probe{who: who}, func() { s.cleaned <- who.User }, nil
		},
	}
	state, err := state.OpenLocal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	opt.State = state
	if change != nil {
		change(&opt)
	}
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	go func() { result <- Serve(ctx, opt) }()
	s.stop = sync.OnceValue(func() error {
		cancel()
		select {
		case err := <-result:
			return err
		case <-time.After(patience):
			return fmt.Errorf("the server does not stop")
		}
	})
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("stopping: %v; log:\n%s", err, s.log)
		}
	})
	select {
	case <-ready:
	case err := <-result:
		t.Fatal(err)
	}
	return s
}

func (s *testServer) dial(t *testing.T, change func(*gossh.ClientConfig)) *gossh.Client {
	t.Helper()
	config := &gossh.ClientConfig{User: "ana", HostKeyCallback: gossh.InsecureIgnoreHostKey(), Timeout: patience}
	if change != nil {
		change(config)
	}
	c, err := gossh.Dial("tcp", s.addr, config)
	if err != nil {
		t.Fatalf("dialling: %v; log:\n%s", err, s.log)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// visitor is a session with a terminal.
type visitor struct {
	t    *testing.T
	sess *gossh.Session
	out  *sshdtest.Transcript
	in   io.WriteCloser
}

func newVisitor(t *testing.T, c *gossh.Client, env ...string) *visitor {
	t.Helper()
	sess, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{t: t, sess: sess, out: &sshdtest.Transcript{}}
	sess.Stdout, sess.Stderr = v.out, v.out
	if v.in, err = sess.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		_ = sess.Setenv(name, value) // a refusal is part of the test
	}
	if err := sess.RequestPty("xterm-256color", 24, 80, gossh.TerminalModes{}); err != nil {
		t.Fatal(err)
	}
	return v
}

func (s *testServer) visit(t *testing.T, env ...string) *visitor {
	t.Helper()
	v := newVisitor(t, s.dial(t, nil), env...)
	v.starts()
	v.enters()
	return v
}

// starts asks for the program.
func (v *visitor) starts() {
	v.t.Helper()
	if err := v.sess.Shell(); err != nil {
		v.t.Fatal(err)
	}
}

// enters passes the start screen as a new person, in either language.
func (v *visitor) enters() {
	v.t.Helper()
	v.sees("(enter")
	v.types("\r")
	v.sees("personal")
	if v.out.Shows("type your") || v.out.Shows("escribe tu") {
		v.types("\r")
	}
	eventually(v.t, func() bool {
		return v.out.Shows("to begin") || v.out.Shows("para empezar")
	}, func() string { return fmt.Sprintf("no personal code in %q", v.out) })
	v.types("\r")
}

func (v *visitor) sees(want string) {
	v.t.Helper()
	eventually(v.t, func() bool { return v.out.Shows(want) },
		func() string { return fmt.Sprintf("%q is not seen in %q", want, v.out) })
}

func (v *visitor) types(keys string) {
	v.t.Helper()
	if _, err := io.WriteString(v.in, keys); err != nil {
		v.t.Fatal(err)
	}
}

// status waits for the end and returns the exit status, -1 where none was sent.
func (v *visitor) status() int {
	v.t.Helper()
	done := make(chan error, 1)
	go func() { done <- v.sess.Wait() }()
	select {
	case err := <-done:
		if exit, ok := err.(*gossh.ExitError); ok {
			return exit.ExitStatus()
		}
		if err != nil {
			return -1
		}
		return 0
	case <-time.After(patience):
		v.t.Fatalf("the session does not end; it saw %q", v.out)
		return 0
	}
}

// eventually waits until ok holds.
func eventually(t *testing.T, ok func() bool, complaint func() string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatal(complaint())
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (s *testServer) logs(t *testing.T, want string) {
	t.Helper()
	eventually(t, func() bool { return strings.Contains(s.log.String(), want) },
		func() string { return fmt.Sprintf("%q is not logged in\n%s", want, s.log) })
}
