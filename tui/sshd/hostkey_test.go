package sshd

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	gossh "golang.org/x/crypto/ssh"
)

func TestHostKeyStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "host_key")
	first, err := loadHostKey(path)
	if err != nil {
		t.Fatal(err)
	}
	second, err := loadHostKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.PublicKey().Marshal(), second.PublicKey().Marshal()) {
		t.Error("another key at the second start")
	}
	if first.PublicKey().Type() != gossh.KeyAlgoED25519 {
		t.Errorf("a key of type %s", first.PublicKey().Type())
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("files left: %v, %v", entries, err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := loadHostKey(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that all can read is taken: %v", err)
	}
}

func TestHostKeyThatIsNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "host_key")
	if err := os.WriteFile(path, []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := loadHostKey(path); err == nil {
		t.Error("no error")
	}
	if got, _ := os.ReadFile(path); string(got) != "not a key" {
		t.Error("the file was overwritten")
	}
}

func TestWeakHostKeysAreRefused(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	nist, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for want, private := range map[string]any{"RSA key of 1024 bits": weak, "ecdsa-sha2-nistp256": nist} {
		path := writePrivate(t, private)
		if _, err := loadHostKey(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

func TestAnRSAHostKeyNeverSignsWithSHA1(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := loadHostKey(writePrivate(t, private))
	if err != nil {
		t.Fatal(err)
	}
	algorithms := signer.(gossh.MultiAlgorithmSigner).Algorithms()
	if len(algorithms) != 2 || algorithms[0] != gossh.KeyAlgoRSASHA512 || algorithms[1] != gossh.KeyAlgoRSASHA256 {
		t.Errorf("algorithms %v", algorithms)
	}
}

func writePrivate(t *testing.T, private any) (path string) {
	t.Helper()
	block, err := gossh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "host_key")
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
