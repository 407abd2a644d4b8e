//go:build unix

package endtoend

import (
	"crypto/ed25519"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// newKey returns a new key and its line in a file of keys.
func newKey(t *testing.T) (gossh.Signer, string) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	signer, err := gossh.NewSignerFromKey(private)
	check(t, err)
	return signer, strings.TrimSpace(string(gossh.MarshalAuthorizedKey(signer.PublicKey())))
}

// SIGHUP reads the file of keys again; refused lines are logged with their
// numbers, and the server goes on.
func TestServeReloadsKeys(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "keys")
	_, first := newKey(t)
	signer, second := newKey(t)
	check(t, os.WriteFile(path, []byte(first+"\ncert-authority "+second+"\n"), 0o600))
	cmd := command(t, "serve", "--addr", "127.0.0.1:0", "--keys", path, "--host-key", filepath.Join(dir, "host_key"))
	out, log := &output{}, &output{}
	cmd.Stdout, cmd.Stderr = out, log
	start(t, cmd)
	await(t, "the server listens", func() bool { return served.MatchString(out.String()) })
	if !strings.Contains(log.String(), `line=2 reason="cert-authority`) {
		t.Errorf("the refused line is not logged: %s", log)
	}
	check(t, os.WriteFile(path, []byte(second+"\n"), 0o600))
	check(t, cmd.Process.Signal(syscall.SIGHUP))
	await(t, "the keys are reloaded", func() bool { return strings.Contains(log.String(), "keys reloaded") })
	conn, err := gossh.Dial("tcp", served.FindString(out.String()), &gossh.ClientConfig{Auth: []gossh.AuthMethod{gossh.PublicKeys(signer)},
		HostKeyCallback: gossh.InsecureIgnoreHostKey(), Timeout: patience})
	check(t, err)
	check(t, conn.Close())
	check(t, cmd.Process.Signal(syscall.SIGTERM))
	check(t, cmd.Wait())
}

// SIGTERM: every session is told why it ends, and the server exits with 0 within
// ten seconds.
func TestServeStopsGracefully(t *testing.T) {
	cmd := command(t, "serve", "--addr", "127.0.0.1:0", "--open", "--host-key", filepath.Join(t.TempDir(), "host_key"))
	out, log := &output{}, &output{}
	cmd.Stdout, cmd.Stderr = out, log
	start(t, cmd)
	await(t, "the server listens", func() bool { return served.MatchString(out.String()) })
	visitors := make([]*visitor, 3)
	for i := range visitors {
		v, err := visit(served.FindString(out.String()), "en_US.UTF-8")
		check(t, err)
		defer v.leave()
		visitors[i] = v
	}
	check(t, visitors[0].sees("Settings"))
	began := time.Now()
	check(t, cmd.Process.Signal(syscall.SIGTERM))
	for _, v := range visitors {
		check(t, v.sees("The server is stopping."))
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the server ends with %v: %s", err, log)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("stopping took %s", took)
	}
}
