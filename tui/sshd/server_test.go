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
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"go.uber.org/goleak"
	gossh "golang.org/x/crypto/ssh"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

// probe is a visitor's program that tells what it was told. p makes it
// panic, q ends it, and with f it fills its screen with noise for ever.
type probe struct {
	who   SessionInfo
	w, h  int
	keys  string
	noise int
}

type noiseMsg struct{}

func (p *probe) Init() tea.Cmd { return nil }

func (p *probe) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		p.w, p.h = msg.Width, msg.Height
	case noiseMsg:
		p.noise++
		return p, makeNoise
	case tea.KeyMsg:
		p.keys += msg.String()
		p.keys = p.keys[max(0, len(p.keys)-30):]
		switch msg.String() {
		case "p":
			panic("a mistake")
		case "q":
			return p, tea.Quit
		case "f":
			return p, makeNoise
		}
	}
	return p, nil
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
		Addr: "127.0.0.1:0", HostKeyPath: filepath.Join(t.TempDir(), "host_key"), Open: true, Lang: "en",
		MaxPerAddress: 1000, Grace: 300 * time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(s.log, nil)),
		Ready: func(addr net.Addr, fingerprint string) {
			s.addr, s.fingerprint = addr.String(), fingerprint
			close(ready)
		},
		NewProgram: func(_ context.Context, who SessionInfo) (tea.Model, func(), error) {
			return &probe{who: who}, func() { s.cleaned <- who.User }, nil
		},
	}
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
	out  *syncBuffer
	in   io.WriteCloser
}

func newVisitor(t *testing.T, c *gossh.Client, env ...string) *visitor {
	t.Helper()
	sess, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{t: t, sess: sess, out: &syncBuffer{}}
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
	if err := v.sess.Shell(); err != nil {
		t.Fatal(err)
	}
	return v
}

func (v *visitor) sees(want string) {
	v.t.Helper()
	eventually(v.t, func() bool { return strings.Contains(v.out.String(), want) },
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

// A client that never answers a terminal's questions gets a picture all the
// same, in its size and language, and is asked nothing.
func TestVisitorSeesAPictureAndResizes(t *testing.T) {
	s := startServer(t, nil)
	v := s.visit(t, "LANG=es_CL.UTF-8", "PATH=/tmp")
	v.sees("user=ana lang=es term=xterm-256color")
	v.sees("size=80x24")
	for _, question := range []string{"\x1b]11;?", "\x1b]10;?", "\x1b[6n", "\x1b[c", "\x1b[?u"} {
		if strings.Contains(v.out.String(), question) {
			t.Errorf("the client is asked %q", question)
		}
	}
	for _, size := range []struct {
		w, h int
		want string
	}{{40, 10, "size=40x10"}, {100000, 70000, "size=500x200"}, {1, 1, ""}, {0, 0, ""}, {120, 40, "size=120x40"}} {
		if err := v.sess.WindowChange(size.h, size.w); err != nil {
			t.Fatal(err)
		}
		if size.want != "" {
			v.sees(size.want)
		}
	}
	if strings.Contains(v.out.String(), "size=0x0 keys=[]\r\nlast line\r\n") {
		t.Error("a size of nothing reached the program")
	}
	v.types("xyq")
	if status := v.status(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if !strings.HasSuffix(v.out.String(), "\x1b[?1049l") && !strings.Contains(v.out.String(), "\x1b[?1049l") {
		t.Error("the alternate screen was not left")
	}
	if user := <-s.cleaned; user != "ana" {
		t.Errorf("cleaned up after %q", user)
	}
	s.logs(t, "session ended")
}

func TestRefusals(t *testing.T) {
	s := startServer(t, nil)
	c := s.dial(t, nil)
	for _, tc := range []struct{ request, asked, want, reason string }{
		{"exec", "cat /etc/passwd", "No commands are run", "command"},
		{"subsystem", "sftp", "No files are copied", "subsystem"},
		{"shell", "", "A terminal is needed", "\"no terminal\""},
	} {
		t.Run(tc.request, func(t *testing.T) {
			ch, requests, err := c.OpenChannel("session", nil)
			if err != nil {
				t.Fatal(err)
			}
			status := make(chan []byte, 1)
			go func() {
				for req := range requests {
					status <- req.Payload
				}
			}()
			if ok, err := ch.SendRequest(tc.request, true, gossh.Marshal(struct{ S string }{tc.asked})); !ok || err != nil {
				t.Fatal(ok, err)
			}
			said, err := io.ReadAll(ch.Stderr())
			if err != nil || !strings.Contains(string(said), tc.want) || strings.Count(string(said), "\n") != 1 {
				t.Errorf("said %q, %v", said, err)
			}
			if got := <-status; !bytes.Equal(got, []byte{0, 0, 0, 1}) {
				t.Errorf("exit status %v", got)
			}
			s.logs(t, "reason="+tc.reason)
		})
	}
}

func TestForwardingIsRefused(t *testing.T) {
	s := startServer(t, nil)
	c := s.dial(t, nil)
	if conn, err := c.Dial("tcp", s.addr); err == nil {
		conn.Close()
		t.Error("forwarded to an address")
	} else if !strings.Contains(err.Error(), "no forwarding here") {
		t.Errorf("refused without a reason: %v", err)
	}
	if conn, err := c.Dial("unix", "/tmp/x"); err == nil {
		conn.Close()
		t.Error("forwarded to a socket")
	}
	if l, err := c.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close()
		t.Error("listens for the client")
	}
	v := newVisitor(t, c)
	for _, request := range []string{"auth-agent-req@openssh.com", "x11-req", "signal", "break", "nonsense"} {
		if ok, err := v.sess.SendRequest(request, true, nil); ok || err != nil {
			t.Errorf("%s: granted %t, %v", request, ok, err)
		}
	}
	for _, reason := range []string{"direct-tcpip", "direct-streamlocal", "tcpip-forward", "auth-agent-req", "x11-req"} {
		s.logs(t, reason)
	}
	if err := v.sess.Shell(); err != nil {
		t.Fatal(err)
	}
	v.sees("size=80x24") // none of that spoils the session
	v.types("q")
	v.status()
}

func TestFull(t *testing.T) {
	s := startServer(t, func(o *Options) { o.MaxSessions = 2 })
	a, b := s.visit(t), s.visit(t)
	a.sees("size=80x24")
	b.sees("size=80x24")
	late := s.visit(t)
	late.sees("Full: 2 visitors at once.")
	if status := late.status(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	s.logs(t, "reason=full")
	a.types("q")
	a.status()
	<-s.cleaned
	s.logs(t, "session ended")
	again := s.visit(t)
	again.sees("size=80x24")
	again.types("q")
	b.types("q")
	again.status()
	b.status()
}

func TestTwoSessionsAConnection(t *testing.T) {
	s := startServer(t, nil)
	c := s.dial(t, nil)
	a, b := newVisitor(t, c), newVisitor(t, c)
	if _, err := c.NewSession(); err == nil || !strings.Contains(err.Error(), "at most 2 sessions") {
		t.Errorf("a third session: %v", err)
	}
	for _, v := range []*visitor{a, b} {
		if err := v.sess.Shell(); err != nil {
			t.Fatal(err)
		}
		v.sees("size=80x24")
	}
	a.types("aaaq")
	a.status()
	b.types("bq")
	b.status()
	if strings.Contains(b.out.String(), "aaa") {
		t.Error("one session sees the other's keys")
	}
}

func TestConnectionsOfOneAddress(t *testing.T) {
	s := startServer(t, func(o *Options) { o.MaxPerAddress = 2 })
	s.dial(t, nil)
	s.dial(t, nil)
	config := &gossh.ClientConfig{HostKeyCallback: gossh.InsecureIgnoreHostKey(), Timeout: patience}
	if c, err := gossh.Dial("tcp", s.addr, config); err == nil {
		c.Close()
		t.Error("a third connection")
	}
	s.logs(t, "too many connections from this address")
}

func TestSilentClientsAreCut(t *testing.T) {
	s := startServer(t, func(o *Options) { o.Handshake, o.Unused = 50*time.Millisecond, 100*time.Millisecond })
	nc, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if err := nc.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, nc); err != nil {
		t.Errorf("a client without a handshake is kept: %v", err)
	}
	s.logs(t, "no handshake")

	idle := s.dial(t, nil) // comes in and asks for nothing
	ended := make(chan error, 1)
	go func() { ended <- idle.Wait() }()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Error("a client without a session is kept")
	}
}

func TestIdleVisitorIsWarnedAndSentHome(t *testing.T) {
	s := startServer(t, func(o *Options) { o.IdleTimeout, o.Warning = 1200*time.Millisecond, 1100*time.Millisecond })
	v := s.visit(t)
	v.sees("Still there?")
	v.types("x")
	v.sees("keys=[x]")
	if status := v.status(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	v.sees("Session ended: 1.2s passed without a key.")
	s.logs(t, "reason=idle")
}

func TestNobodyStaysForEver(t *testing.T) {
	s := startServer(t, func(o *Options) { o.MaxSession = 300 * time.Millisecond })
	v := s.visit(t)
	v.sees("The session reaches its time limit")
	v.status()
	v.sees("it reached its time limit of 300ms")
	s.logs(t, "reason=stay")
}

func TestStoppingSaysSoAndWaits(t *testing.T) {
	s := startServer(t, nil)
	v := s.visit(t)
	v.sees("size=80x24")
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if len(s.cleaned) != 1 {
		t.Error("stopped before the session was cleaned up")
	}
	v.status()
	v.sees("The server is stopping.")
	if _, err := net.DialTimeout("tcp", s.addr, time.Second); err == nil {
		t.Error("it still listens")
	}
}

func TestPanicEndsOneSession(t *testing.T) {
	s := startServer(t, nil)
	other, v := s.visit(t), s.visit(t)
	other.sees("size=80x24")
	v.sees("size=80x24")
	v.types("p")
	if status := v.status(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	v.sees("Something failed inside the program")
	other.types("still here")
	other.sees("still here")
	other.types("q")
	other.status()
}

func TestProgramThatCannotStart(t *testing.T) {
	for name, newProgram := range map[string]func(context.Context, SessionInfo) (tea.Model, func(), error){
		"error": func(context.Context, SessionInfo) (tea.Model, func(), error) {
			return nil, nil, fmt.Errorf("no broker")
		},
		"panic": func(context.Context, SessionInfo) (tea.Model, func(), error) { panic("a mistake") },
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, func(o *Options) { o.NewProgram = newProgram })
			v := s.visit(t)
			if status := v.status(); status != 1 {
				t.Errorf("exit status %d", status)
			}
			v.sees("Your lab could not start.")
			s.logs(t, "reason=nostart")
		})
	}
}

func TestKeysDecideWhoComesIn(t *testing.T) {
	mine, stranger := newSigner(t), newSigner(t)
	var got SessionInfo
	s := startServer(t, func(o *Options) {
		o.Open, o.Keys = false, []gossh.PublicKey{mine.PublicKey()}
		o.NewProgram = func(_ context.Context, who SessionInfo) (tea.Model, func(), error) {
			got = who
			return &probe{who: who}, nil, nil
		}
	})
	with := func(auth ...gossh.AuthMethod) error {
		c, err := gossh.Dial("tcp", s.addr, &gossh.ClientConfig{User: "ana\x1b[31m", Auth: auth,
			HostKeyCallback: gossh.InsecureIgnoreHostKey(), Timeout: patience})
		if err != nil {
			return err
		}
		v := newVisitor(t, c)
		if err := v.sess.Shell(); err != nil {
			return err
		}
		v.sees("size=80x24")
		v.types("q")
		v.status()
		return c.Close()
	}
	if with() == nil || with(gossh.Password("secret")) == nil || with(gossh.PublicKeys(stranger)) == nil {
		t.Error("somebody came in without a key that is allowed")
	}
	s.logs(t, "no handshake")
	if err := with(gossh.PublicKeys(stranger, mine)); err != nil {
		t.Fatalf("the allowed key does not open: %v", err)
	}
	if want := gossh.FingerprintSHA256(mine.PublicKey()); got.Key != want || got.User != "ana[31m" {
		t.Errorf("known as %q with the key %q, want %q", got.User, got.Key, want)
	}
}

func TestServeRefusesNonsense(t *testing.T) {
	good := func() Options {
		return Options{Addr: "127.0.0.1:0", HostKeyPath: filepath.Join(t.TempDir(), "k"), Open: true,
			NewProgram: func(context.Context, SessionInfo) (tea.Model, func(), error) { return &probe{}, nil, nil }}
	}
	for name, spoil := range map[string]func(*Options){
		"nobody could come in": func(o *Options) { o.Open = false },
		"nothing to serve":     func(o *Options) { o.NewProgram = nil },
		"host key":             func(o *Options) { o.HostKeyPath = "" },
		"listen":               func(o *Options) { o.Addr = "256.0.0.1:1" },
		"shorter":              func(o *Options) { o.IdleTimeout = time.Second },
	} {
		opt := good()
		spoil(&opt)
		if err := Serve(t.Context(), opt); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
