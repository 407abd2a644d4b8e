package report

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
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

// Sign returns a report as JSON with a signature. sign makes the ed25519 signature
// that belongs to key.
func Sign(d *Document, key ed25519.PublicKey, sign func(body []byte) ([]byte, error)) ([]byte, error) {
	body, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("signing the report: %w", err)
	}
	signature, err := sign(body)
	if err != nil {
		return nil, fmt.Errorf("signing the report: %w", err)
	}
	return json.MarshalIndent(Signed{
		Report: body, Key: base64.StdEncoding.EncodeToString(key),
		Signature: base64.StdEncoding.EncodeToString(signature),
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

// Fingerprint returns a short name of a key, as OpenSSH and the server write it.
func Fingerprint(key ed25519.PublicKey) string {
	var wire []byte
	for _, field := range []string{"ssh-ed25519", string(key)} {
		wire = append(binary.BigEndian.AppendUint32(wire, uint32(len(field))), field...)
	}
	sum := sha256.Sum256(wire)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}
