package sshd

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"

	gossh "golang.org/x/crypto/ssh"

	"resilab/labs/course/report"
	"resilab/tui/state"
)

// Errors of signed reports.
var (
	errNoSigning = errors.New("the server signs no reports: it needs an ed25519 host key")
	errNoPerson  = errors.New("no such person")
)

// signedReport is the report of one person that a session asks for.
type signedReport struct {
	session *session
	id      string // of the person; empty: whom the key names
}

// start starts the session's work, or refuses it.
func (r signedReport) start() bool {
	s := r.session
	switch {
	case r.id == "" && len(s.login.wire) == 0:
		return s.refuse("nokey", "report without a key")
	case r.id == "":
		r.id = state.KeyPerson(s.login.wire, "").ID
	case !s.login.admin:
		return s.refuse("teacher", "teachers' command")
	}
	return s.start(r.write)
}

// write writes the report to the session's client.
func (r signedReport) write() {
	s := r.session
	ctx, cancel := context.WithTimeout(s.ctx, reportTimeout)
	defer cancel()
	data, err := s.conn.server.signed(ctx, r.id)
	if err == nil {
		_, err = io.WriteString(s.channel, string(data)+"\n")
	}
	if err != nil {
		s.conn.server.Logger.Error("signed report", "remote", s.conn.remote, "person", r.id, "error", err)
		s.leave(1, "sshd.end.report")
		return
	}
	s.conn.server.Logger.Info("signed report", "remote", s.conn.remote, "user", s.user, "person", r.id)
	s.leave(0, "")
}

// signed returns the report of a person with the signature of the host key.
func (s *server) signed(ctx context.Context, id string) ([]byte, error) {
	holder, ok := s.hostKey.PublicKey().(gossh.CryptoPublicKey)
	if !ok || s.Report == nil {
		return nil, errNoSigning
	}
	key, ok := holder.CryptoPublicKey().(ed25519.PublicKey)
	if !ok {
		return nil, errNoSigning
	}
	people, err := s.State.People(ctx)
	if err != nil {
		return nil, fmt.Errorf("looking for %s: %w", id, err)
	}
	i := slices.IndexFunc(people, func(p state.Person) bool { return p.ID == id })
	if i < 0 {
		return nil, fmt.Errorf("%w: %s", errNoPerson, id)
	}
	progress, err := s.State.Progress(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("reading the progress of %s: %w", id, err)
	}
	return report.Sign(s.Report(people[i], progress), key, func(body []byte) ([]byte, error) {
		signature, err := s.hostKey.Sign(rand.Reader, body)
		if err != nil {
			return nil, err
		}
		return signature.Blob, nil
	})
}
