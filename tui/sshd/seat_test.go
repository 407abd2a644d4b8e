package sshd

import (
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// keyServer serves the owner of one key, with seats that are kept.
func keyServer(t *testing.T, keep time.Duration, change func(*Options)) (*testServer, gossh.Signer) {
	t.Helper()
	signer := newSigner(t)
	keys := keyringOf(t, keyLine(signer)+" Ana")
	return startServer(t, func(o *Options) {
		o.Open, o.Keys, o.Keep = false, keys, keep
		if change != nil {
			change(o)
		}
	}), signer
}

// comes is a visit with a key, which meets no start screen.
func (s *testServer) comes(t *testing.T, signer gossh.Signer) (*visitor, *gossh.Client) {
	t.Helper()
	c := s.dialAs(t, signer)
	v := newVisitor(t, c)
	v.starts()
	return v, c
}

// A session whose line drops goes on; the next one of the same person finds it
// as it was, in the new window's size.
func TestReattach(t *testing.T) {
	s, signer := keyServer(t, time.Minute, nil)
	first, line := s.comes(t, signer)
	first.types("ab")
	first.sees("keys=[ab]")
	if err := line.Close(); err != nil {
		t.Fatal(err)
	}
	s.logs(t, "line lost")
	c := s.dialAs(t, signer)
	second := newVisitor(t, c)
	if err := second.sess.WindowChange(40, 100); err != nil {
		t.Fatal(err)
	}
	second.starts()
	second.sees("\x1b[?1049h")
	second.sees("keys=[ab]")
	second.sees("size=100x40")
	second.types("c")
	second.sees("abc]")
	s.logs(t, "session reattached")
	second.types("q")
	if status := second.status(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	<-s.cleaned // may follow the exit status
	if len(s.cleaned) > 0 {
		t.Error("two programs were cleaned up after")
	}
}

func TestALostLineIsNotKeptForLong(t *testing.T) {
	s, signer := keyServer(t, 50*time.Millisecond, nil)
	first, line := s.comes(t, signer)
	first.sees("size=80x24")
	if err := line.Close(); err != nil {
		t.Fatal(err)
	}
	<-s.cleaned // without another login
	again, _ := s.comes(t, signer)
	again.sees("keys=[]")
	again.types("q")
	again.status()
}

// Seats without a session are few: lost lines do not fill the server.
func TestOldestDisconnectedSeatsEnd(t *testing.T) {
	signers := make([]gossh.Signer, 3)
	lines := make([]string, len(signers))
	for i := range signers {
		signers[i] = newSigner(t)
		lines[i] = keyLine(signers[i])
	}
	keys := keyringOf(t, lines...)
	s := startServer(t, func(o *Options) { // one seat is kept
		o.Open, o.Keys, o.Keep, o.MaxSessions = false, keys, time.Hour, 4
	})
	for i, signer := range signers {
		v, line := s.comes(t, signer)
		v.sees("size=80x24")
		if err := line.Close(); err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			<-s.cleaned // the one before it
		}
	}
}

// A second login while the first is alive may take over its session.
func TestTakeOver(t *testing.T) {
	s, signer := keyServer(t, time.Minute, nil)
	first, _ := s.comes(t, signer)
	first.types("ab")
	first.sees("keys=[ab]")
	second, _ := s.comes(t, signer)
	second.sees("begin a new one")
	second.types("1")
	second.sees("keys=[ab]")
	if status := first.status(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	first.sees("\x1b[?1049l")
	first.sees("Your session goes on in another window.")
	second.types("cq")
	if status := second.status(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// Or it begins a new one, which shares nothing with the first; or it leaves.
func TestASecondSessionBesideTheFirst(t *testing.T) {
	s, signer := keyServer(t, time.Minute, nil)
	first, _ := s.comes(t, signer)
	first.types("ab")
	first.sees("keys=[ab]")
	second, _ := s.comes(t, signer)
	second.sees("begin a new one")
	second.types("2")
	second.sees("keys=[]")
	third, _ := s.comes(t, signer)
	third.sees("begin a new one")
	third.types("q")
	if status := third.status(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	for _, v := range []*visitor{first, second} {
		v.types("q")
		if status := v.status(); status != 0 {
			t.Errorf("exit status %d", status)
		}
	}
}

// Another person's login never reaches a seat.
func TestSeatBelongsToItsOwner(t *testing.T) {
	ana, beto := newSigner(t), newSigner(t)
	keys := keyringOf(t, keyLine(ana)+" Ana", keyLine(beto)+" Ana") // with one name
	s := startServer(t, func(o *Options) { o.Open, o.Keys, o.Keep = false, keys, time.Minute })
	first, line := s.comes(t, ana)
	first.types("ab")
	first.sees("keys=[ab]")
	if err := line.Close(); err != nil {
		t.Fatal(err)
	}
	s.logs(t, "line lost")
	second, _ := s.comes(t, beto)
	second.sees("size=80x24")
	if second.out.Shows("ab]") {
		t.Error("one person sees another's session")
	}
	second.types("q")
	second.status()
}

// Stopping ends what is kept, and leaves nothing running.
func TestStoppingEndsKeptSeats(t *testing.T) {
	s, signer := keyServer(t, time.Hour, nil)
	first, line := s.comes(t, signer)
	first.sees("size=80x24")
	if err := line.Close(); err != nil {
		t.Fatal(err)
	}
	s.logs(t, "line lost")
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if len(s.cleaned) != 1 {
		t.Error("stopped before the kept program was cleaned up after")
	}
}
