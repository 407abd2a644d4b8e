package sshd

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	gossh "golang.org/x/crypto/ssh"

	"resilab/brokers/brokertest"
	"resilab/tui/sshd/sshdtest"
)

// openSSH is OpenSSH's own client, pointed at a server and at no file of the
// user's.
type openSSH struct {
	t          *testing.T
	host, port string
	known      string
	identity   string // file of a private key; "none"
}

func newOpenSSH(t *testing.T, s *testServer) *openSSH {
	t.Helper()
	if _, err := exec.LookPath("ssh"); err != nil {
		brokertest.Unavailable(t, fmt.Errorf("OpenSSH's client: %w", err))
	}
	host, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		t.Fatal(err)
	}
	return &openSSH{t: t, host: host, port: port, known: filepath.Join(t.TempDir(), "known_hosts"), identity: "none"}
}

// newKeyFile returns a new key and a file that holds it.
func newKeyFile(t *testing.T) (gossh.Signer, string) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := gossh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer, writePrivate(t, private)
}

func (o *openSSH) options() []string {
	return []string{"-F", "none", "-o", "StrictHostKeyChecking=accept-new", "-o", "UserKnownHostsFile=" + o.known,
		"-o", "BatchMode=yes", "-o", "IdentityFile=" + o.identity, "-o", "LogLevel=INFO"}
}

func (o *openSSH) command(args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	o.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "ssh", append(append(o.options(), "-p", o.port), args...)...)
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "LANG=es_ES.UTF-8", "LC_ALL=")
	return cmd
}

// output runs the client without a terminal and returns all it prints.
func (o *openSSH) output(args ...string) (out string, status int) {
	o.t.Helper()
	raw, err := o.command(args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		o.t.Fatalf("ssh %v: %v", args, err)
	}
	if exit != nil {
		status = exit.ExitCode()
	}
	return string(raw), status
}

// terminal runs the client in a new terminal.
type terminal struct {
	*visitor
	cmd  *exec.Cmd
	file *os.File
	read chan struct{}
}

func (o *openSSH) terminal(args ...string) *terminal {
	o.t.Helper()
	cmd := o.command(args...)
	file, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: 90, Rows: 25})
	if err != nil {
		o.t.Fatal(err)
	}
	term := &terminal{visitor: &visitor{t: o.t, out: &sshdtest.Transcript{}, in: file}, cmd: cmd, file: file, read: make(chan struct{})}
	go func() {
		defer close(term.read)
		_, _ = io.Copy(term.out, file) // ends with an error when the client does
	}()
	return term
}

// leave waits for the client and returns its exit status. A client that does not
// leave by itself fails the test.
func (term *terminal) leave() int {
	term.t.Helper()
	_ = term.cmd.Wait()
	<-term.read
	term.file.Close()
	if !term.cmd.ProcessState.Exited() {
		term.t.Errorf("the client did not leave: %s; it saw %q", term.cmd.ProcessState, term.out)
	}
	return term.cmd.ProcessState.ExitCode()
}

// resizes changes the size of the terminal until the program has it. OpenSSH 9.2 looks
// for the signal before it waits for the network, and sleeps through one that comes in
// between: it is sent again after a while.
func (term *terminal) resizes(size pty.Winsize) {
	term.t.Helper()
	set := func(rows uint16) {
		if err := pty.Setsize(term.file, &pty.Winsize{Cols: size.Cols, Rows: rows}); err != nil {
			term.t.Fatal(err)
		}
	}
	set(size.Rows)
	again := time.Now().Add(time.Second)
	want := fmt.Sprintf("size=%dx%d", size.Cols, size.Rows)
	eventually(term.t, func() bool {
		if now := time.Now(); now.After(again) {
			set(size.Rows + 1)
			set(size.Rows)
			again = now.Add(time.Second)
		}
		return term.out.Shows(want)
	}, func() string { return fmt.Sprintf("%q is not seen in %q", want, term.out) })
}

func TestOpenSSHSeesAPictureAndResizes(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	o := newOpenSSH(t, s)
	term := o.terminal("-o", "SendEnv=LANG", "beto@"+o.host)
	term.enters()
	term.sees("user=beto lang=es term=xterm-256color")
	term.sees("size=90x25")
	for _, size := range []pty.Winsize{{Cols: 20, Rows: 5}, {Cols: 132, Rows: 50}} {
		term.resizes(size)
	}
	term.types("xyz")
	term.sees("keys=[xyz]")
	term.types("q")
	if status := term.leave(); status != 0 {
		t.Errorf("exit status %d; saw %q", status, term.out)
	}
}

func TestOpenSSHKnowsTheHostAgain(t *testing.T) {
	key := filepath.Join(t.TempDir(), "host_key")
	var known string
	for range 2 {
		s := startServer(t, func(o *Options) { o.HostKeyPath = key })
		o := newOpenSSH(t, s)
		o.port = strings.TrimPrefix(s.addr, o.host+":")
		if known == "" {
			known = o.known
		}
		o.known = known
		out, _ := o.output("-o", "HostKeyAlias=resilab", o.host, "date")
		if strings.Contains(out, "IDENTIFICATION HAS CHANGED") {
			t.Errorf("the second start frightens the client: %s", out)
		}
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpenSSHIsRefused(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	o := newOpenSSH(t, s)
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"a command":             {[]string{o.host, "cat", "/etc/passwd"}, "No commands are run"},
		"a command in terminal": {[]string{"-tt", o.host, "sh"}, "No commands are run"},
		"no terminal":           {[]string{"-T", o.host}, "A terminal is needed"},
		"a subsystem":           {[]string{"-s", o.host, "netconf"}, "no other subsystems"},
		"forwarding to us":      {[]string{"-o", "ExitOnForwardFailure=yes", "-N", "-R", "0:127.0.0.1:1", o.host}, "remote port forwarding failed"},
		"forwarding standard input": {
			[]string{"-W", s.addr, o.host}, "no forwarding here"},
		"a dumb terminal": {[]string{"-tt", "-o", "SetEnv=TERM=dumb", o.host}, "plain lines only (TERM=dumb)"},
	} {
		t.Run(name, func(t *testing.T) {
			out, status := o.output(tc.args...)
			if status == 0 || !strings.Contains(out, tc.want) {
				t.Errorf("status %d: %s", status, out)
			}
			if strings.Contains(out, "root:") {
				t.Error("the command was run")
			}
		})
	}
}

// -L is refused when the port is used, not before.
func TestOpenSSHForwardsNothing(t *testing.T) {
	s := startServer(t, nil)
	o := newOpenSSH(t, s)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	local := free.Addr().String()
	free.Close()
	term := o.terminal("-L", local+":"+s.addr, o.host)
	term.enters()
	term.sees("size=90x25")
	nc, err := net.Dial("tcp", local)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if got, _ := io.ReadAll(nc); len(got) > 0 {
		t.Errorf("through the tunnel came %q", got)
	}
	s.logs(t, "reason=channel")
	term.types("q")
	term.leave()
}

// With -A and -X the visitor comes in, and neither is granted.
func TestOpenSSHLendsNothing(t *testing.T) {
	s := startServer(t, nil)
	o := newOpenSSH(t, s)
	agent := filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", agent)
	if err != nil {
		t.Fatal(err)
	}
	hungUp := make(chan struct{})
	go func() { // an agent that has nothing to say
		defer close(hungUp)
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			nc.Close()
		}
	}()
	defer func() { l.Close(); <-hungUp }()
	t.Setenv("SSH_AUTH_SOCK", agent)
	t.Setenv("DISPLAY", "127.0.0.1:77")
	term := o.terminal("-A", "-X", o.host)
	term.enters()
	term.sees("size=90x25")
	s.logs(t, `reason="agent forwarding"`)
	if strings.Contains(term.out.String(), "X11 forwarding request failed") {
		s.logs(t, `reason="X11 forwarding"`)
	} else if !strings.Contains(term.out.String(), "xauth") { // without xauth the client does not even ask
		t.Errorf("X11 is neither refused nor given up: %q", term.out)
	}
	term.types("q")
	term.leave()
}

func TestOpenSSHCopiesNothing(t *testing.T) {
	s := startServer(t, nil)
	o := newOpenSSH(t, s)
	target := filepath.Join(t.TempDir(), "copied")
	for _, protocol := range []string{"-s", "-O"} { // over sftp, and the old way over a command
		args := append([]string{protocol, "-P", o.port}, o.options()...)
		cmd := exec.CommandContext(t.Context(), "scp", append(args, o.host+":/etc/hostname", target)...)
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "copied") {
			t.Errorf("scp %s: %v: %s", protocol, err, out)
		}
		if _, err := os.Stat(target); err == nil {
			t.Errorf("scp %s copied a file", protocol)
		}
	}
}

func TestOpenSSHWithoutARealTerminal(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		brokertest.Unavailable(t, errors.New("no pseudo-terminals on Windows"))
	}
	signer, file := newKeyFile(t)
	keys := keyringOf(t, keyLine(signer))
	s := startServer(t, func(o *Options) {
		o.Open, o.Keys, o.IdleTimeout, o.Warning = false, keys, 2*time.Second, 500*time.Millisecond
	})
	o := newOpenSSH(t, s)
	o.identity = file
	out, status := o.output("-tt", o.host) // reports a size of 0x0 and sends an end of input
	if status != 0 || !strings.Contains(out, "size=80x24") || !strings.Contains(out, "Session ended") {
		t.Errorf("status %d: %q", status, out)
	}
}
