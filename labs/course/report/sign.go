package report

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

// Signed is a report with the signature of a server that saw what it says. The
// signature covers the bytes of the report, without white space between them.
type Signed struct {
	Report    json.RawMessage `json:"report"`
	Key       string          `json:"key"`       // ed25519, base64
	Signature string          `json:"signature"` // base64
}

// Sign returns a report as JSON with a signature.
func Sign(d *Document, key ed25519.PrivateKey) ([]byte, error) {
	body, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("signing the report: %w", err)
	}
	public, _ := key.Public().(ed25519.PublicKey)
	return json.MarshalIndent(Signed{
		Report: body, Key: base64.StdEncoding.EncodeToString(public),
		Signature: base64.StdEncoding.EncodeToString(ed25519.Sign(key, body)),
	}, "", "  ")
}

// errForged is returned for a report that is not what was signed.
var errForged = errors.New("the signature is not of this report")

// Open reads a report, signed or not. The key is nil where it is not signed.
func Open(data []byte) (d *Document, key ed25519.PublicKey, err error) {
	var s Signed
	if json.Unmarshal(data, &s) != nil || s.Report == nil {
		d, err = Read(data)
		return d, nil, err
	}
	var body bytes.Buffer
	if err := json.Compact(&body, s.Report); err != nil {
		return nil, nil, fmt.Errorf("reading the report: %w", err)
	}
	public, errKey := base64.StdEncoding.DecodeString(s.Key)
	signature, errSig := base64.StdEncoding.DecodeString(s.Signature)
	if errKey != nil || errSig != nil || len(public) != ed25519.PublicKeySize || !ed25519.Verify(public, body.Bytes(), signature) {
		return nil, nil, errForged
	}
	d, err = Read(body.Bytes())
	return d, public, err
}

// Fingerprint returns a short name of a key, as OpenSSH writes it.
func Fingerprint(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}
