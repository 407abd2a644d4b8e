package sshd

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"charm.land/ssh"
	gossh "golang.org/x/crypto/ssh"
)

// algorithms are those that audits of SSH servers call good. Strict key
// exchange (CVE-2023-48795) is always offered by the library.
func algorithms() gossh.Config {
	return gossh.Config{
		KeyExchanges: []string{gossh.KeyExchangeMLKEM768X25519, gossh.KeyExchangeCurve25519},
		Ciphers: []string{gossh.CipherAES128GCM, gossh.CipherAES256GCM, gossh.CipherChaCha20Poly1305,
			gossh.CipherAES128CTR, gossh.CipherAES192CTR, gossh.CipherAES256CTR},
		MACs: []string{gossh.HMACSHA256ETM, gossh.HMACSHA512ETM},
	}
}

// userKeyAlgorithms are the signatures of users' keys; SHA-1 and DSA are not
// among them.
func userKeyAlgorithms() []string {
	return []string{gossh.KeyAlgoED25519, gossh.KeyAlgoSKED25519, gossh.KeyAlgoSKECDSA256, gossh.KeyAlgoECDSA256,
		gossh.KeyAlgoECDSA384, gossh.KeyAlgoECDSA521, gossh.KeyAlgoRSASHA256, gossh.KeyAlgoRSASHA512}
}

// login is how a connection authenticated.
type login struct {
	name  string // the comment of the key's line
	key   string // fingerprint; empty where no key was used
	wire  []byte // the key
	noPTY bool
}

// loginKey is the key of a login in the connection's permissions.
type loginKey struct{}

func (l login) permissions() *gossh.Permissions {
	return &gossh.Permissions{ExtraData: map[any]any{loginKey{}: l}}
}

// loginOf returns how a connection authenticated. It reads the permissions
// of the key that signed, never of one that was only offered (CVE-2024-45337).
func loginOf(conn *gossh.ServerConn) login {
	if conn.Permissions == nil {
		return login{}
	}
	l, _ := conn.Permissions.ExtraData[loginKey{}].(login)
	return l
}

var errUnknownKey = errors.New("unknown key")

// config returns the handshake's settings for one connection.
func (c *connection) config(ssh.Context) *gossh.ServerConfig {
	config := &gossh.ServerConfig{
		Config:                  algorithms(),
		PublicKeyAuthAlgorithms: userKeyAlgorithms(),
		NoClientAuth:            c.server.Open,
		AuthLogCallback: func(_ gossh.ConnMetadata, _ string, err error) {
			if err == nil {
				c.place.authenticate()
			}
		},
	}
	if !c.server.Open {
		config.PublicKeyCallback = c.checkKey
	}
	return config
}

// checkKey is called with every key that a client offers, also without a
// proof that the client holds it.
func (c *connection) checkKey(_ gossh.ConnMetadata, key gossh.PublicKey) (*gossh.Permissions, error) {
	entry, ok := c.server.Keys.find(key, remoteAddr(c.net.RemoteAddr()), time.Now())
	if !ok {
		return nil, errUnknownKey
	}
	return login{name: entry.comment, key: gossh.FingerprintSHA256(key), wire: key.Marshal(), noPTY: entry.noPTY}.permissions(), nil
}

// remoteAddr is the address of a client, without port and zone.
func remoteAddr(from net.Addr) netip.Addr {
	ap, err := netip.ParseAddrPort(from.String())
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}
