package sshd

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	gossh "golang.org/x/crypto/ssh"
)

// loadHostKey reads the server's key, or makes one if there is none. The key
// stays the same at every start: a changed one trains people to ignore the
// warning that protects them.
func loadHostKey(path string) (gossh.Signer, error) {
	if path == "" {
		return nil, errors.New("no path for the host key")
	}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = createHostKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the host key: %w", err)
	}
	if err := checkPrivate(path); err != nil {
		return nil, err
	}
	signer, err := gossh.ParsePrivateKey(raw)
	if err != nil {
		return nil, fmt.Errorf("reading the host key %s: %w", path, err)
	}
	if signer, err = checkHostKey(signer); err != nil {
		return nil, fmt.Errorf("using the host key %s: %w", path, err)
	}
	return signer, nil
}

// checkHostKey refuses weak keys and the NIST curves, and keeps RSA from
// signing with SHA-1.
func checkHostKey(signer gossh.Signer) (gossh.Signer, error) {
	key := signer.PublicKey()
	switch key.Type() {
	case gossh.KeyAlgoED25519:
		return signer, nil
	case gossh.KeyAlgoRSA:
		if err := checkStrength(key); err != nil {
			return nil, err
		}
		rsa, ok := signer.(gossh.AlgorithmSigner)
		if !ok {
			break
		}
		return gossh.NewSignerWithAlgorithms(rsa, []string{gossh.KeyAlgoRSASHA512, gossh.KeyAlgoRSASHA256})
	}
	return nil, fmt.Errorf("key type %s: ed25519 or RSA from %d bits is allowed", key.Type(), minRSABits)
}

// createHostKey writes a new ed25519 key, whole or not at all, mode 0600.
func createHostKey(path string) ([]byte, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := gossh.MarshalPrivateKey(private, "resilab host key")
	if err != nil {
		return nil, err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	tmp, err := os.CreateTemp(dir, ".host-key-*") // mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(tmp.Name())
	raw := pem.EncodeToMemory(block)
	_, err = tmp.Write(raw)
	if err := errors.Join(err, tmp.Close()); err != nil {
		return nil, err
	}
	return raw, os.Rename(tmp.Name(), path)
}

// checkPrivate refuses a key that other users of this machine can read.
func checkPrivate(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("reading the host key: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("the host key %s can be read by others: chmod 600 %s", path, path)
	}
	return nil
}
