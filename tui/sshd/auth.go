package sshd

import (
	"crypto/subtle"
	"errors"
	"net"
	"net/netip"
	"strings"
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
	admin bool // a teacher's key
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

var (
	errUnknownKey = errors.New("unknown key")
	errWrongCode  = errors.New("wrong class code")
)

// answerTime is how long a person may take to type the class code.
const answerTime = 2 * time.Minute

// config returns the handshake's settings for one connection.
func (c *connection) config(ssh.Context) *gossh.ServerConfig {
	o := &c.server.Options
	config := &gossh.ServerConfig{
		Config:                  algorithms(),
		PublicKeyAuthAlgorithms: userKeyAlgorithms(),
		NoClientAuth:            o.Open && o.Admins == nil,
		AuthLogCallback: func(_ gossh.ConnMetadata, _ string, err error) {
			if err == nil {
				c.place.authenticate()
				c.expectSession(o.Unused)
			}
		},
	}
	if o.Keys != nil || o.Admins != nil {
		config.PublicKeyCallback = c.checkKey
	}
	switch {
	case o.ClassCode != "":
		config.KeyboardInteractiveCallback = c.askClassCode
		config.PasswordCallback = func(meta gossh.ConnMetadata, typed []byte) (*gossh.Permissions, error) {
			return c.checkClassCode(meta, string(typed))
		}
	case o.Open && o.Admins != nil: // without a question: who has no key gets in, too
		config.KeyboardInteractiveCallback = func(_ gossh.ConnMetadata, ask gossh.KeyboardInteractiveChallenge) (*gossh.Permissions, error) {
			_, err := ask("", "", nil, nil)
			return login{}.permissions(), err
		}
	}
	return config
}

// checkKey is called with every key that a client offers, also without a
// proof that the client holds it.
func (c *connection) checkKey(_ gossh.ConnMetadata, key gossh.PublicKey) (*gossh.Permissions, error) {
	o := &c.server.Options
	from, now := remoteAddr(c.net.RemoteAddr()), time.Now()
	entry, admin := o.Admins.find(key, from, now)
	if !admin {
		var known bool
		if entry, known = o.Keys.find(key, from, now); !known && !o.Open {
			return nil, errUnknownKey
		}
		if err := checkStrength(key); err != nil {
			return nil, err
		}
	}
	return login{name: entry.comment, key: gossh.FingerprintSHA256(key), wire: key.Marshal(), noPTY: entry.noPTY, admin: admin}.permissions(), nil
}

// askClassCode asks for the class code. The client's language is not known yet.
func (c *connection) askClassCode(meta gossh.ConnMetadata, ask gossh.KeyboardInteractiveChallenge) (*gossh.Permissions, error) {
	c.expectSession(answerTime)
	answers, err := ask("", "", []string{c.server.catalogues[c.server.Lang].T("sshd.enter.classcode") + " "}, []bool{false})
	if err != nil {
		return nil, err
	}
	if len(answers) != 1 {
		return nil, errWrongCode
	}
	return c.checkClassCode(meta, answers[0])
}

func (c *connection) checkClassCode(meta gossh.ConnMetadata, typed string) (*gossh.Permissions, error) {
	if subtle.ConstantTimeCompare([]byte(strings.TrimSpace(typed)), []byte(c.server.ClassCode)) != 1 {
		c.refuse(meta.User(), "class code", "")
		return nil, errWrongCode
	}
	return login{}.permissions(), nil
}

// remoteAddr is the address of a client, without port and zone.
func remoteAddr(from net.Addr) netip.Addr {
	ap, err := netip.ParseAddrPort(from.String())
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}
