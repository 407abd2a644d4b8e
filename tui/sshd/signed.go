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
	own     bool   // the person asks for it
}

// start starts the session's work, or refuses it.
func (r signedReport) start() bool {
	s := r.session
	switch {
	case r.id == "" && len(s.login.wire) == 0:
		return s.refuse("nokey", "report without a key")
	case r.id == "":
		r.id, r.own = state.KeyPerson(s.login.wire, "").ID, true
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
	data, err := s.conn.server.signed(ctx, r)
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

// signed returns the report of a person with the signature of the host key. Who asks
// for the own report before anything was kept gets one without results.
func (s *server) signed(ctx context.Context, r signedReport) ([]byte, error) {
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
		return nil, fmt.Errorf("looking for %s: %w", r.id, err)
	}
	person := state.Person{ID: r.id}
	i := slices.IndexFunc(people, func(p state.Person) bool { return p.ID == r.id })
	switch {
	case i >= 0:
		person = people[i]
	case !r.own:
		return nil, fmt.Errorf("%w: %s", errNoPerson, r.id)
	}
	progress, err := s.State.Progress(ctx, r.id)
	if err != nil {
		return nil, fmt.Errorf("reading the progress of %s: %w", r.id, err)
	}
	return report.Sign(s.Report(person, progress), key, func(body []byte) ([]byte, error) {
		signature, err := s.hostKey.Sign(rand.Reader, body)
		if err != nil {
			return nil, err
		}
		return signature.Blob, nil
	})
}
