package sshd

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	gossh "golang.org/x/crypto/ssh"

	"resilab/labs/course"
	"resilab/labs/i18n"
	"resilab/tui/state"
)

// people is a server that shows who its visitors are and lets them save.
type peopleServer struct {
	*testServer
	came chan SessionInfo
}

func startPeopleServer(t *testing.T, dir string) *peopleServer {
	t.Helper()
	p := &peopleServer{came: make(chan SessionInfo, 100)}
	store, err := state.OpenLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	p.testServer = startServer(t, func(o *Options) {
		o.State = store
		o.NewProgram = func(ctx context.Context, who SessionInfo) (tea.Model, func(), error) {
			progress, err := state.Recorder(ctx, store, who.Person, time.Now)
			if err != nil {
				return nil, nil, err
			}
			if err := progress.Save("R1", course.Record{Prediction: "1", Hints: progress.Record("R1").Hints + 1}); err != nil {
				return nil, nil, err
			}
			p.came <- who
			return &probe{who: who}, nil, nil
		}
	})
	return p
}

// asks opens a session and waits for the start screen.
func (p *peopleServer) asks(t *testing.T) *visitor {
	t.Helper()
	v := newVisitor(t, p.dial(t, nil))
	v.starts()
	v.sees("Your name:")
	return v
}

// code reads the personal code that a new person is shown.
func (v *visitor) code() string {
	v.t.Helper()
	v.sees("to begin")
	_, after, _ := strings.Cut(v.out.Rows(), "personal code: ")
	return after[:6]
}

// The name and the personal code find the progress again, also after the server
// was started again; two people with one name are told apart.
func TestNameAndCodeFindTheProgress(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := startPeopleServer(t, dir)
	v := p.asks(t)
	v.types("\r")
	code := v.code()
	v.types("\r")
	first := <-p.came
	if first.Person.Name != "ana" || first.Person.Label() != "ana" {
		t.Errorf("person %+v", first.Person)
	}
	other := p.asks(t)
	other.types("\r")
	other.sees("ana is known here")
	other.types("\r") // no code
	if other.code() == code {
		t.Error("two people have one code")
	}
	other.sees("Welcome, ana 2.")
	other.types("\r")
	second := <-p.came
	if second.Person.ID == first.Person.ID || second.Person.Label() != "ana 2" {
		t.Errorf("the second is %+v", second.Person)
	}
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}

	p = startPeopleServer(t, dir)
	again := p.asks(t)
	again.types("\r")
	again.sees("ana is known here")
	again.types("non")
	again.sees("> ***")
	again.types("\r")
	again.sees("That is not the code. Tries left: 4")
	for i := range code { // too many characters at once are a paste
		again.types(strings.ToLower(code[i : i+1]))
		again.sees("> " + strings.Repeat("*", i+1))
	}
	again.types("\r")
	if back := <-p.came; back.Person.ID != first.Person.ID {
		t.Errorf("came back as %+v, want %s", back.Person, first.Person.ID)
	}
	store, err := state.OpenLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	for id, visits := range map[string]int{first.Person.ID: 2, second.Person.ID: 1} {
		progress, err := store.Progress(t.Context(), id)
		if err != nil || progress.Record("R1").Hints != visits {
			t.Errorf("%s: %d visits recorded, want %d; %v", id, progress.Record("R1").Hints, visits, err)
		}
	}
}

func TestGuessingACodeEnds(t *testing.T) {
	p := startPeopleServer(t, t.TempDir())
	v := p.asks(t)
	v.types("\r")
	v.code()
	v.types("\r")
	<-p.came
	guess := p.asks(t)
	guess.types("\r")
	guess.sees("ana is known here")
	for left := maxTries - 1; left >= 0; left-- {
		guess.types("x\r")
		if left > 0 {
			guess.sees(fmt.Sprintf("Tries left: %d", left))
		}
	}
	if status := guess.status(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	guess.sees("Too many wrong codes.")
	p.logs(t, `reason="personal code"`)
}

func TestLeavingAtTheStartScreen(t *testing.T) {
	p := startPeopleServer(t, t.TempDir())
	for _, key := range []string{"\x03", "\x04", "\x1b"} {
		v := p.asks(t)
		v.types(key)
		if status := v.status(); status != 0 {
			t.Errorf("%q: exit status %d", key, status)
		}
	}
	if len(p.came) > 0 {
		t.Error("a program was started")
	}
}

func TestTheStartScreenHasAnIdleLimit(t *testing.T) {
	t.Parallel()
	s := startServer(t, func(o *Options) { o.IdleTimeout, o.Warning = time.Second, 500*time.Millisecond })
	v := newVisitor(t, s.dial(t, nil))
	v.starts()
	v.sees("Still there?")
	v.status()
	v.sees("Session ended: 1s passed without a key.")
}

// A key names its owner: no start screen, and the progress is the key's.
func TestAKeyIsAPerson(t *testing.T) {
	ana := newSigner(t)
	keys := keyringOf(t, keyLine(ana)+" Ana María")
	got := make(chan SessionInfo, 1)
	s := startServer(t, func(o *Options) {
		o.Open, o.Keys = false, keys
		o.NewProgram = func(_ context.Context, who SessionInfo) (tea.Model, func(), error) {
			got <- who
			return &probe{who: who}, nil, nil
		}
	})
	v, _ := s.comes(t, ana)
	v.sees("size=80x24")
	want := state.KeyPerson(ana.PublicKey().Marshal(), "Ana María")
	if who := <-got; who.Person != want || who.Key != gossh.FingerprintSHA256(ana.PublicKey()) {
		t.Errorf("came as %+v, want %+v", who.Person, want)
	}
	v.types("q")
	v.status()
}

// Names with control characters reach no screen and no file.
func TestNameIsSanitized(t *testing.T) {
	text, err := i18n.Load(i18n.English, texts)
	if err != nil {
		t.Fatal(err)
	}
	e := newEntrance(text, "", nil)
	e.field.SetValue("\x1b[31mAna\u202e\r\n")
	e.next()
	if e.person.Name != "[31mAna" || strings.ContainsAny(e.View(), "\x1b\u202e") {
		t.Errorf("name %q, view %q", e.person.Name, e.View())
	}
	e = newEntrance(text, "", nil)
	if e.next(); e.step != stepName {
		t.Error("no name is taken as a name")
	}
}
