package sshd

import (
	"crypto/rand"
	"crypto/rsa"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// keyLine is a signer's line in a file of keys.
func keyLine(s gossh.Signer) string {
	return strings.TrimSpace(string(gossh.MarshalAuthorizedKey(s.PublicKey())))
}

func writeKeys(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// keyringOf makes a keyring of a file with these lines; all must be accepted.
func keyringOf(t *testing.T, lines ...string) *Keyring {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys")
	writeKeys(t, path, strings.Join(lines, "\n"))
	k, refused, err := OpenKeyring(t.Context(), path)
	if err != nil || len(refused) > 0 {
		t.Fatal(err, refused)
	}
	return k
}

// newKeyring returns a keyring with one new key.
func newKeyring(t *testing.T) (*Keyring, gossh.Signer) {
	t.Helper()
	signer := newSigner(t)
	return keyringOf(t, keyLine(signer)), signer
}

func newRSASigner(t *testing.T, bits int) gossh.Signer {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := gossh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func TestOptionsOfAKeyAreHonoured(t *testing.T) {
	signer := newSigner(t)
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	for options, want := range map[string]map[string]bool{ // address → admitted
		"":                              {"192.0.2.7": true, "2001:db8::1": true},
		`from="192.0.2.7"`:              {"192.0.2.7": true, "192.0.2.70": false},
		`from="192.0.2.*"`:              {"192.0.2.7": true, "192.0.3.7": false},
		`from="192.0.2.?"`:              {"192.0.2.7": true, "192.0.2.70": false},
		`FROM="10.0.0.0/8"`:             {"10.200.0.1": true, "11.0.0.1": false},
		`from="2001:db8::/32"`:          {"2001:db8:1::1": true, "2001:db9::1": false},
		`from="!10.0.0.1,10.*"`:         {"10.0.0.2": true, "10.0.0.1": false},
		`from="10.*,!10.0.0.1"`:         {"10.0.0.2": true, "10.0.0.1": false},
		`from="!10.0.0.1"`:              {"10.0.0.2": false},
		`expiry-time="20260731"`:        {"192.0.2.7": false},
		`expiry-time="20260901"`:        {"192.0.2.7": true},
		`expiry-time="20260801Z"`:       {"192.0.2.7": false},
		`expiry-time="202608011159Z"`:   {"192.0.2.7": false},
		`expiry-time="20260801120001Z"`: {"192.0.2.7": true},
		`restrict,pty,from="192.0.2.7"`: {"192.0.2.7": true, "192.0.2.8": false},
		`no-port-forwarding,no-X11-forwarding,no-user-rc`: {"192.0.2.7": true},
	} {
		k := keyringOf(t, strings.TrimSpace(options+" "+keyLine(signer))+" Ana")
		for addr, want := range want {
			e, ok := k.find(signer.PublicKey(), netip.MustParseAddr(addr), now)
			if ok != want {
				t.Errorf("%s from %s: admitted %t", options, addr, ok)
			}
			if ok && (e.comment != "Ana" || e.noPTY) {
				t.Errorf("%s: %+v", options, e)
			}
		}
	}
	k := keyringOf(t, "restrict "+keyLine(signer))
	if e, ok := k.find(signer.PublicKey(), netip.MustParseAddr("192.0.2.7"), now); !ok || !e.noPTY {
		t.Errorf("restrict: %+v", e)
	}
}

// What cannot be honoured is refused with its line; the other lines count.
func TestLinesThatAreRefused(t *testing.T) {
	good, bad := newSigner(t), newSigner(t)
	for line, want := range map[string]string{
		"cert-authority " + keyLine(bad):                           "cert-authority",
		`command="/bin/sh" ` + keyLine(bad):                        "option command",
		`environment="A=b" ` + keyLine(bad):                        "option environment",
		`tunnel="0" ` + keyLine(bad):                               "option tunnel",
		`verify-required ` + keyLine(bad):                          "option verify-required",
		`from="school.example" ` + keyLine(bad):                    "host names",
		`from="10.0.0.0/99" ` + keyLine(bad):                       "not a network",
		`from="10.0.0.1,,10.0.0.2" ` + keyLine(bad):                "empty pattern",
		`expiry-time="tomorrow" ` + keyLine(bad):                   "YYYYMMDD",
		`expiry-time="20261301" ` + keyLine(bad):                   "YYYYMMDD",
		"ssh-ed25519 AAAA ana":                                     "not a public key",
		"hello":                                                    "not a public key",
		strings.Replace(keyLine(bad), "ssh-ed25519", "ssh-rsa", 1): "not a public key",
		keyLine(newRSASigner(t, 1024)):                             "RSA key of 1024 bits: at least 2048",
		"no-such-option " + keyLine(bad):                           "option no-such-option",
		"\x1b[31m " + keyLine(bad):                                 "option [31m",
	} {
		path := filepath.Join(t.TempDir(), "keys")
		writeKeys(t, path, "# class\r\n\r\n"+line+"\r\n"+keyLine(good)+"\r\n")
		k, refused, err := OpenKeyring(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if len(refused) != 1 || refused[0].Line != 3 || !strings.Contains(refused[0].Reason, want) {
			t.Errorf("%s: refused %v, want line 3: %s", line, refused, want)
		}
		if _, ok := k.find(bad.PublicKey(), netip.Addr{}, time.Now()); ok {
			t.Errorf("%s: admitted", line)
		}
		if _, ok := k.find(good.PublicKey(), netip.Addr{}, time.Now()); !ok {
			t.Errorf("%s: the good line does not count", line)
		}
	}
}

func TestARevokedKeyIsRefusedInEveryLine(t *testing.T) {
	good, bad := newSigner(t), newSigner(t)
	path := filepath.Join(t.TempDir(), "keys")
	writeKeys(t, path, strings.Join([]string{keyLine(bad), "@revoked " + keyLine(bad), keyLine(good)}, "\n"))
	k, refused, err := OpenKeyring(t.Context(), path)
	if err != nil || len(refused) != 1 || refused[0].Line != 2 || !strings.Contains(refused[0].Error(), path+":2: @revoked") {
		t.Fatal(err, refused)
	}
	if _, ok := k.find(bad.PublicKey(), netip.Addr{}, time.Now()); ok {
		t.Error("a revoked key is admitted")
	}
}

func TestAuthorizedKeysWithRSAAndBOM(t *testing.T) {
	signer := newRSASigner(t, 2048)
	k := keyringOf(t, "\ufeff"+keyLine(signer)+" Beto")
	if e, ok := k.find(signer.PublicKey(), netip.Addr{}, time.Now()); !ok || e.comment != "Beto" {
		t.Errorf("%+v", e)
	}
}

// Files that other editors save are read, or refused with their encoding named.
func TestTextFilesOfOtherEditors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	writeKeys(t, path, "\xff\xfes\x00s\x00h\x00")
	if _, _, err := OpenKeyring(t.Context(), path); err == nil || !strings.Contains(err.Error(), "UTF-16") {
		t.Errorf("error %v", err)
	}
}

func TestReloadingKeys(t *testing.T) {
	first, second := newSigner(t), newSigner(t)
	path := filepath.Join(t.TempDir(), "keys")
	if _, _, err := OpenKeyring(t.Context(), path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a missing file: %v", err)
	}
	writeKeys(t, path, "# nobody yet\n")
	if _, _, err := OpenKeyring(t.Context(), path); err == nil || !strings.Contains(err.Error(), "no usable key") {
		t.Errorf("a file without keys: %v", err)
	}
	writeKeys(t, path, keyLine(first))
	k, _, err := OpenKeyring(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	writeKeys(t, path, keyLine(second))
	if refused, err := k.Reload(t.Context()); err != nil || len(refused) > 0 {
		t.Fatal(err, refused)
	}
	if _, ok := k.find(first.PublicKey(), netip.Addr{}, time.Now()); ok {
		t.Error("a removed key is admitted")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Reload(t.Context()); err == nil {
		t.Error("no error without a file")
	}
	if _, ok := k.find(second.PublicKey(), netip.Addr{}, time.Now()); !ok {
		t.Error("the keys are lost with the file")
	}
}
