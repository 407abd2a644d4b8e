package sshd

import (
	"bytes"
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"resilab/labs/textfile"
)

// minRSABits is the smallest RSA key that is accepted, of a user and of the
// host.
const minRSABits = 2048

// Keyring holds the keys of a file in the format of OpenSSH's authorized_keys.
// A line is either honoured with all its options or refused. It is safe for
// concurrent use.
type Keyring struct {
	path    string
	entries atomic.Pointer[[]authorizedKey]
}

// authorizedKey is a line that was accepted.
type authorizedKey struct {
	key     gossh.PublicKey
	comment string
	from    addressPatterns // nil: from anywhere
	expires time.Time       // zero: never
	noPTY   bool            // restrict or no-pty
}

// LineError is a line that was refused.
type LineError struct {
	Path   string
	Line   int // from 1
	Reason string
}

func (e *LineError) Error() string { return fmt.Sprintf("%s:%d: %s", e.Path, e.Line, e.Reason) }

// OpenKeyring reads a file of keys. The keys of refused lines are not in the
// keyring. It is an error if the file cannot be read or no key remains.
func OpenKeyring(ctx context.Context, path string) (k *Keyring, refused []*LineError, err error) {
	k = &Keyring{path: path}
	refused, err = k.Reload(ctx)
	if err != nil {
		return nil, refused, err
	}
	if k.Len() == 0 {
		return nil, refused, fmt.Errorf("reading keys: no usable key in %s", path)
	}
	return k, refused, nil
}

// Reload reads the file again. On an error the keys stay as they were.
func (k *Keyring) Reload(ctx context.Context) (refused []*LineError, err error) {
	text, err := textfile.Read(ctx, k.path)
	if err != nil {
		return nil, fmt.Errorf("reading keys: %w", err)
	}
	entries, refused := parseKeys(k.path, text)
	k.entries.Store(&entries)
	return refused, nil
}

// Path returns the file's path.
func (k *Keyring) Path() string { return k.path }

// Len returns the number of keys.
func (k *Keyring) Len() int { return len(*k.entries.Load()) }

// find returns the entry that admits a key from an address now.
func (k *Keyring) find(key gossh.PublicKey, from netip.Addr, now time.Time) (authorizedKey, bool) {
	if k == nil {
		return authorizedKey{}, false
	}
	wanted := key.Marshal()
	for _, e := range *k.entries.Load() {
		if bytes.Equal(e.key.Marshal(), wanted) && e.admits(from, now) {
			return e, true
		}
	}
	return authorizedKey{}, false
}

func (e authorizedKey) admits(from netip.Addr, now time.Time) bool {
	return (e.from == nil || e.from.match(from)) && (e.expires.IsZero() || now.Before(e.expires))
}

// parseKeys reads the lines of a file. A key with @revoked is admitted by no
// line.
func parseKeys(path, text string) (entries []authorizedKey, refused []*LineError) {
	revoked := map[string]bool{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		entry, err := parseKey([]byte(line))
		if err != nil {
			refused = append(refused, &LineError{Path: path, Line: number, Reason: err.Error()})
			if errors.Is(err, errRevoked) {
				revoked[string(entry.key.Marshal())] = true
			}
			continue
		}
		entries = append(entries, entry)
	}
	entries = slices.DeleteFunc(entries, func(e authorizedKey) bool { return revoked[string(e.key.Marshal())] })
	return entries, refused
}

var errRevoked = errors.New("@revoked: the key is refused in every line")

func parseKey(line []byte) (entry authorizedKey, err error) {
	key, comment, options, _, err := gossh.ParseAuthorizedKey(line)
	if err != nil {
		return entry, errors.New("not a public key in the format of authorized_keys")
	}
	entry = authorizedKey{key: key, comment: clean(comment, maxName)}
	if slices.Contains(options, "@revoked") {
		return entry, errRevoked
	}
	if err := checkStrength(key); err != nil {
		return entry, err
	}
	for _, option := range options {
		if err := entry.apply(option); err != nil {
			return entry, err
		}
	}
	return entry, nil
}

// checkStrength refuses keys that can be broken today.
func checkStrength(key gossh.PublicKey) error {
	switch key.Type() {
	case gossh.KeyAlgoED25519, gossh.KeyAlgoSKED25519, gossh.KeyAlgoSKECDSA256,
		gossh.KeyAlgoECDSA256, gossh.KeyAlgoECDSA384, gossh.KeyAlgoECDSA521:
		return nil
	case gossh.KeyAlgoRSA:
		crypto, ok := key.(gossh.CryptoPublicKey)
		if !ok {
			break
		}
		if public, ok := crypto.CryptoPublicKey().(*rsa.PublicKey); ok && public.N.BitLen() < minRSABits {
			return fmt.Errorf("RSA key of %d bits: at least %d are required", public.N.BitLen(), minRSABits)
		}
		return nil
	}
	return fmt.Errorf("key type %s is not accepted", key.Type())
}

// apply honours one option of sshd(8)'s authorized_keys, or returns why it
// cannot be honoured.
func (e *authorizedKey) apply(option string) (err error) {
	name, value, _ := strings.Cut(option, "=")
	value = strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(value, `"`), `"`), `\"`, `"`)
	switch strings.ToLower(name) {
	case "restrict", "no-pty":
		e.noPTY = true
	case "pty":
		e.noPTY = false
	case "from":
		e.from, err = parseAddressPatterns(value)
	case "expiry-time":
		e.expires, err = parseExpiry(value)
	// What these restrict or allow is never offered.
	case "no-port-forwarding", "no-agent-forwarding", "no-x11-forwarding", "no-user-rc", "permitopen", "permitlisten",
		"port-forwarding", "agent-forwarding", "x11-forwarding", "user-rc":
	case "cert-authority":
		err = errors.New("cert-authority: certificates are not supported")
	default:
		err = fmt.Errorf("option %s is not supported", clean(name, maxName))
	}
	return err
}

// parseExpiry reads YYYYMMDD[HHMM[SS]][Z]; without Z it is local time.
func parseExpiry(value string) (time.Time, error) {
	digits, zone := value, time.Local
	if d, ok := strings.CutSuffix(strings.ToUpper(value), "Z"); ok {
		digits, zone = d, time.UTC
	}
	for _, layout := range []string{"20060102", "200601021504", "20060102150405"} {
		if len(layout) != len(digits) {
			continue
		}
		if t, err := time.ParseInLocation(layout, digits, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("expiry-time %q: YYYYMMDD[HHMM[SS]][Z] is allowed", clean(value, maxName))
}
