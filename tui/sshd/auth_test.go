package sshd

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	gossh "golang.org/x/crypto/ssh"

	"resilab/tui/state"
)

// kexInit is the payload of SSH_MSG_KEXINIT (RFC 4253, 7.1).
type kexInit struct {
	Cookie                                         [16]byte `sshtype:"20"`
	KexAlgos, HostKeyAlgos                         []string
	CiphersIn, CiphersOut, MACsIn, MACsOut         []string
	CompressionIn, CompressionOut, LangIn, LangOut []string
	FirstKexFollows                                bool
	Reserved                                       uint32
}

// offer reads which algorithms the server offers.
func (s *testServer) offer(t *testing.T) (offer kexInit) {
	t.Helper()
	nc, err := net.DialTimeout("tcp", s.addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if _, err := io.WriteString(nc, "SSH-2.0-audit\r\n"); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(nc)
	if _, err := r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		t.Fatal(err)
	}
	packet := make([]byte, binary.BigEndian.Uint32(head[:4])-1)
	if _, err := io.ReadFull(r, packet); err != nil {
		t.Fatal(err)
	}
	if err := gossh.Unmarshal(packet[:len(packet)-int(head[4])], &offer); err != nil {
		t.Fatal(err)
	}
	return offer
}

func TestOnlySoundAlgorithmsAreOffered(t *testing.T) {
	offer := startServer(t, nil).offer(t)
	for _, list := range [][2][]string{
		{offer.KexAlgos, {"mlkem768x25519-sha256", "curve25519-sha256", "curve25519-sha256@libssh.org", "kex-strict-s-v00@openssh.com"}},
		{offer.HostKeyAlgos, {"ssh-ed25519"}},
		{offer.CiphersOut, {"aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr"}},
		{offer.MACsOut, {"hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"}},
	} {
		got, want := slices.Sorted(slices.Values(list[0])), slices.Sorted(slices.Values(list[1]))
		if !slices.Equal(got, want) {
			t.Errorf("offered %v, want %v", got, want)
		}
	}
	if !slices.Equal(offer.CiphersIn, offer.CiphersOut) || !slices.Equal(offer.MACsIn, offer.MACsOut) {
		t.Error("the directions differ")
	}
}

// SHA-1 signatures of RSA keys are refused, SHA-2 signatures are not.
func TestRSAUsersSignWithSHA2(t *testing.T) {
	t.Parallel()
	signer := newRSASigner(t, 2048)
	keys := keyringOf(t, keyLine(signer))
	s := startServer(t, func(o *Options) { o.Open, o.Keys = false, keys })
	for algorithm, want := range map[string]bool{gossh.KeyAlgoRSA: false, gossh.KeyAlgoRSASHA256: true} {
		limited, err := gossh.NewSignerWithAlgorithms(signer.(gossh.AlgorithmSigner), []string{algorithm})
		if err != nil {
			t.Fatal(err)
		}
		c, err := gossh.Dial("tcp", s.addr, &gossh.ClientConfig{User: "ana", Auth: []gossh.AuthMethod{gossh.PublicKeys(limited)},
			HostKeyCallback: gossh.InsecureIgnoreHostKey(), Timeout: patience})
		if (err == nil) != want {
			t.Errorf("%s: %v", algorithm, err)
		}
		if err == nil {
			c.Close()
		}
	}
}

// dialAs connects with a key.
func (s *testServer) dialAs(t *testing.T, signer gossh.Signer) *gossh.Client {
	t.Helper()
	return s.dial(t, func(c *gossh.ClientConfig) { c.Auth = []gossh.AuthMethod{gossh.PublicKeys(signer)} })
}

func TestARestrictedKeyGetsNoTerminal(t *testing.T) {
	signer := newSigner(t)
	keys := keyringOf(t, "restrict "+keyLine(signer))
	s := startServer(t, func(o *Options) { o.Open, o.Keys = false, keys })
	session, err := s.dialAs(t, signer).NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := session.RequestPty("xterm", 24, 80, gossh.TerminalModes{}); err == nil {
		t.Error("a key with restrict gets a terminal")
	}
}

// A key that is revoked while the server runs is refused at the next login.
func TestKeysAreReloadedWhileTheServerRuns(t *testing.T) {
	first, second := newSigner(t), newSigner(t)
	path := filepath.Join(t.TempDir(), "keys")
	writeKeys(t, path, keyLine(first))
	keys, _, err := OpenKeyring(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	s := startServer(t, func(o *Options) { o.Open, o.Keys = false, keys })
	s.dialAs(t, first)
	writeKeys(t, path, keyLine(second))
	if _, err := keys.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.dialAs(t, second)
	config := &gossh.ClientConfig{Auth: []gossh.AuthMethod{gossh.PublicKeys(first)}, HostKeyCallback: gossh.InsecureIgnoreHostKey(), Timeout: patience}
	if c, err := gossh.Dial("tcp", s.addr, config); err == nil {
		c.Close()
		t.Error("a removed key is admitted")
	} else if !strings.Contains(err.Error(), "unable to authenticate") {
		t.Error(err)
	}
}

// Silent clients that hold every place before authentication do not keep
// others out, whether these share their address or not.
func TestSilentClientsDoNotLockOthersOut(t *testing.T) {
	signer := newSigner(t)
	keys := keyringOf(t, keyLine(signer))
	s := startServer(t, func(o *Options) { o.Open, o.Keys, o.MaxSessions, o.MaxPerAddress = false, keys, 10, 40 })
	for range 30 {
		nc, err := net.DialTimeout("tcp", s.addr, patience)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
	}
	for range 12 {
		began := time.Now()
		v := newVisitor(t, s.dialAs(t, signer))
		if err := v.sess.Shell(); err != nil {
			t.Fatal(err)
		}
		v.sees("size=80x24")
		v.types("q")
		v.status()
		if took := time.Since(began); took > patience/2 {
			t.Errorf("a login took %s", took)
		}
	}
	s.logs(t, "made room for another connection")
}

// login tries to log in and starts a session.
func (s *testServer) login(auth ...gossh.AuthMethod) error {
	c, err := gossh.Dial("tcp", s.addr, &gossh.ClientConfig{User: "ana", Auth: auth,
		HostKeyCallback: gossh.InsecureIgnoreHostKey(), Timeout: patience})
	if err != nil {
		return err
	}
	return c.Close()
}

// answering answers the questions of keyboard-interactive and records them.
func answering(asked *[]string, answer string) gossh.AuthMethod {
	return gossh.KeyboardInteractive(func(_, _ string, questions []string, _ []bool) ([]string, error) {
		*asked = append(*asked, questions...)
		return slices.Repeat([]string{answer}, len(questions)), nil
	})
}

func TestClassCode(t *testing.T) {
	ana, stranger := newSigner(t), newSigner(t)
	keys := keyringOf(t, keyLine(ana))
	s := startServer(t, func(o *Options) { o.Open, o.ClassCode, o.Keys = false, "otoño-7", keys })
	var asked []string
	for name, auth := range map[string]gossh.AuthMethod{
		"answered": answering(&asked, " otoño-7 "), "a password": gossh.Password("otoño-7"), "a key of the list": gossh.PublicKeys(ana),
	} {
		if err := s.login(auth); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !slices.Equal(asked, []string{"Class code: "}) {
		t.Errorf("asked %q", asked)
	}
	for name, auth := range map[string]gossh.AuthMethod{
		"answered": answering(&asked, "otoño"), "empty": answering(&asked, ""), "a password": gossh.Password("otoño-77"), "a key": gossh.PublicKeys(stranger),
	} {
		if s.login(auth) == nil {
			t.Errorf("%s: a wrong login is admitted", name)
		}
	}
	if s.login() == nil {
		t.Error("no login is admitted")
	}
	s.logs(t, `reason="class code"`)
}

// A person may take longer to type the code than a handshake may last.
func TestTypingTheClassCodeTakesTime(t *testing.T) {
	t.Parallel()
	s := startServer(t, func(o *Options) { o.Open, o.ClassCode, o.Handshake = false, "otoño", time.Second })
	err := s.login(gossh.KeyboardInteractive(func(_, _ string, questions []string, _ []bool) ([]string, error) {
		silent, err := net.Dial("tcp", s.addr)
		if err != nil {
			return nil, err
		}
		defer silent.Close()
		if _, err := io.Copy(io.Discard, silent); err != nil { // until the silent client is cut
			return nil, err
		}
		return []string{"otoño"}, nil
	}))
	if err != nil {
		t.Error(err)
	}
}

// On an open server with teachers every key names its owner, and a client
// without one is asked nothing.
func TestAnOpenServerWithTeachers(t *testing.T) {
	teacher, ana := newSigner(t), newSigner(t)
	admins := keyringOf(t, keyLine(teacher)+" Prof. Ruiz")
	came := make(chan SessionInfo, 10)
	s := startServer(t, func(o *Options) {
		o.Admins = admins
		o.NewProgram = func(_ context.Context, who SessionInfo) (tea.Model, func(), error) {
			came <- who
			return &probe{who: who}, nil, nil
		}
	})
	for signer, want := range map[gossh.Signer]SessionInfo{
		teacher: {Admin: true, Person: state.KeyPerson(teacher.PublicKey().Marshal(), "Prof. Ruiz")},
		ana:     {Person: state.KeyPerson(ana.PublicKey().Marshal(), "ana")},
	} {
		v, _ := s.comes(t, signer)
		v.sees("size=80x24")
		if who := <-came; who.Admin != want.Admin || who.Person != want.Person {
			t.Errorf("came as %+v, want %+v", who, want)
		}
	}
	var asked []string
	if err := s.login(answering(&asked, "")); err != nil || len(asked) > 0 {
		t.Errorf("without a key: %v, asked %q", err, asked)
	}
	if err := s.login(gossh.PublicKeys(newRSASigner(t, 1024))); err == nil {
		t.Error("a weak key is a person")
	}
}

func TestAClosedServerWithTeachers(t *testing.T) {
	teacher, ana, stranger := newSigner(t), newSigner(t), newSigner(t)
	admins, keys := keyringOf(t, keyLine(teacher)), keyringOf(t, keyLine(ana))
	s := startServer(t, func(o *Options) { o.Open, o.Admins, o.Keys = false, admins, keys })
	for signer, want := range map[gossh.Signer]bool{teacher: true, ana: true, stranger: false} {
		if err := s.login(gossh.PublicKeys(signer)); (err == nil) != want {
			t.Errorf("admitted: %v, want %t", err, want)
		}
	}
}
