package sshd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	gossh "golang.org/x/crypto/ssh"

	"resilab/tui/state"
)

// A client that never answers a terminal's questions gets a picture all the
// same, in its size and language, and is asked nothing.
func TestVisitorSeesAPictureAndResizes(t *testing.T) {
	s := startServer(t, nil)
	v := s.visit(t, "LANG=es_CL.UTF-8", "PATH=/tmp")
	v.sees("user=ana lang=es term=xterm-256color")
	v.sees("size=80x24")
	for _, question := range []string{"\x1b]11;?", "\x1b]10;?", "\x1b[6n", "\x1b[c", "\x1b[?u"} {
		if v.out.Shows(question) {
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
	for _, reason := range []string{"reason=channel", "detail=direct-tcpip", "reason=forwarding", "detail=tcpip-forward", "agent forwarding", "X11 forwarding"} {
		s.logs(t, reason)
	}
	v.starts()
	v.enters()
	v.sees("size=80x24") // none of that spoils the session
	v.types("q")
	v.status()
}

func TestFull(t *testing.T) {
	s := startServer(t, func(o *Options) { o.MaxSessions = 2 })
	a, b := s.visit(t), s.visit(t)
	a.sees("size=80x24")
	b.sees("size=80x24")
	late := newVisitor(t, s.dial(t, nil))
	late.starts()
	late.sees("Full (visitors at most: 2).")
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
		v.starts()
		v.enters()
		v.sees("size=80x24")
	}
	a.types("aaaq")
	a.status()
	b.types("bq")
	b.status()
	if b.out.Shows("aaa") {
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
	t.Parallel()
	s := startServer(t, func(o *Options) { o.Handshake, o.Unused = time.Second, time.Second })
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

func TestIdleVisitorIsWarnedAndDisconnected(t *testing.T) {
	t.Parallel()
	s := startServer(t, func(o *Options) { o.IdleTimeout, o.Warning = 3*time.Second, 2800*time.Millisecond })
	v := s.visit(t)
	v.sees("Still there?")
	v.types("x")
	v.sees("keys=[x]")
	if status := v.status(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	v.sees("Session ended: 3s passed without a key.")
	s.logs(t, "reason=idle")
}

func TestSessionTimeLimit(t *testing.T) {
	t.Parallel()
	s := startServer(t, func(o *Options) { o.MaxSession = time.Second })
	v := s.visit(t)
	v.sees("The session reaches its time limit")
	v.status()
	v.sees("it reached its time limit of 1s")
	s.logs(t, "reason=stay")
}

func TestStoppingWarnsAndWaits(t *testing.T) {
	s := startServer(t, nil)
	v := s.visit(t)
	v.sees("size=80x24")
	stopped := make(chan error, 1)
	go func() { stopped <- s.stop() }()
	if status := v.status(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	v.sees("The server is stopping.")
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	if len(s.cleaned) != 1 {
		t.Error("stopped before the session was cleaned up")
	}
	if _, err := net.DialTimeout("tcp", s.addr, time.Second); err == nil {
		t.Error("it still listens")
	}
}

// A program whose cleanup hangs does not keep the server from stopping.
func TestStoppingDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	release, released := make(chan struct{}), make(chan struct{})
	defer func() {
		close(release)
		<-released
	}()
	keys, signer := newKeyring(t)
	s := startServer(t, func(o *Options) {
		o.Open, o.Keys, o.Stop = false, keys, 2*time.Second
		o.NewProgram = func(_ context.Context, who SessionInfo) (tea.Model, func(), error) {
			return &probe{who: who}, func() { <-release; close(released) }, nil
		}
	})
	v, _ := s.comes(t, signer)
	v.sees("size=80x24")
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	v.sees("The server is stopping.")
	s.logs(t, "stopped before every session")
}

// The start screen and the teacher's console are told, too.
func TestStoppingEndsTheStartScreen(t *testing.T) {
	s := startServer(t, nil)
	v := newVisitor(t, s.dial(t, nil))
	v.starts()
	v.sees("Your name:")
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	v.sees("The server is stopping.")
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
	other.types("here")
	other.sees("here]")
	other.types("q")
	other.status()
}

func TestPanicInAGoroutineEndsOneSession(t *testing.T) {
	crashes := make(chan func(any, []byte), 2)
	s := startServer(t, func(o *Options) {
		o.NewProgram = func(_ context.Context, who SessionInfo) (tea.Model, func(), error) {
			crashes <- who.Crashed
			return &probe{who: who}, func() {}, nil
		}
	})
	v := s.visit(t)
	v.sees("size=80x24")
	other := s.visit(t)
	other.sees("size=80x24")
	(<-crashes)("a mistake", []byte("where"))
	if status := v.status(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	v.sees("Something failed inside the program")
	s.logs(t, "reason=panic")
	s.logs(t, "a mistake")
	other.types("here")
	other.sees("here]")
	other.types("q")
	other.status()
	(<-crashes)("too late", nil) // the labs may still be stopping
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

func TestKeysDecideWhoMayLogIn(t *testing.T) {
	mine, stranger := newSigner(t), newSigner(t)
	keys := keyringOf(t, keyLine(mine)+" Ana")
	var got SessionInfo
	s := startServer(t, func(o *Options) {
		o.Open, o.Keys = false, keys
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
		t.Error("a client without an allowed key was admitted")
	}
	s.logs(t, "no handshake")
	if err := with(gossh.PublicKeys(stranger, mine)); err != nil {
		t.Fatalf("the allowed key does not open: %v", err)
	}
	if want := gossh.FingerprintSHA256(mine.PublicKey()); got.Key != want || got.Person.Name != "Ana" || got.User != "ana[31m" {
		t.Errorf("known as %q with the key %q, want %q", got.User, got.Key, want)
	}
}

func TestServeRefusesInvalidFlags(t *testing.T) {
	good := func() Options {
		return Options{Addr: "127.0.0.1:0", HostKeyPath: filepath.Join(t.TempDir(), "k"), Logins: Logins{Open: true},
			State:      &state.Local{},
			NewProgram: func(context.Context, SessionInfo) (tea.Model, func(), error) { return &probe{}, nil, nil }}
	}
	for name, spoil := range map[string]func(*Options){
		"no one could log in": func(o *Options) { o.Open = false },
		"nothing to serve":    func(o *Options) { o.NewProgram = nil },
		"host key":            func(o *Options) { o.HostKeyPath = "" },
		"listen":              func(o *Options) { o.Addr = "256.0.0.1:1" },
		"shorter":             func(o *Options) { o.IdleTimeout, o.Warning = time.Second, time.Second },
	} {
		opt := good()
		spoil(&opt)
		if err := Serve(t.Context(), opt); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
