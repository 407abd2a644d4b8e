package sshd

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	gossh "golang.org/x/crypto/ssh"

	"resilab/brokers/redis"
	"resilab/labs/course"
	"resilab/tui/metrics"
	"resilab/tui/state"
)

// campus is a class on two servers that share one Redis.
type campus struct {
	redis       *redis.Embedded
	one, two    *testServer
	teacher     gossh.Signer
	teacherFile string
	students    []gossh.Signer
	storeOne    *state.Redis
}

func startCampus(t *testing.T, students int) *campus {
	t.Helper()
	c := &campus{}
	var err error
	if c.redis, err = redis.StartEmbedded("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.redis.Close() })
	c.teacher, c.teacherFile = newKeyFile(t)
	var lines []string
	for i := range students {
		c.students = append(c.students, newSigner(t))
		lines = append(lines, fmt.Sprintf("%s Student%d", keyLine(c.students[i]), i))
	}
	admins, keys := keyringOf(t, keyLine(c.teacher)+" Ruiz"), keyringOf(t, lines...)
	start := func() (*testServer, *state.Redis) {
		store, err := state.OpenRedis(t.Context(), "redis://"+c.redis.Addr(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_ = store.Close(ctx)
		})
		return startServer(t, func(o *Options) {
			o.Open, o.Admins, o.Keys, o.State, o.Bus, o.Cards = false, admins, keys, store, store, []string{"R1", "R2"}
			o.Orders = Orders{OpenCard: func(card string) tea.Msg { return orderMsg("card " + card) }, Hint: orderMsg("hint")}
		}), store
	}
	c.one, c.storeOne = start()
	c.two, _ = start()
	return c
}

// The teacher on one server sees, helps and presents to students on both.
func TestTwoServersAreOneClass(t *testing.T) {
	t.Parallel()
	c := startCampus(t, 2)
	ana, _ := c.one.comes(t, c.students[0])
	beto, _ := c.two.comes(t, c.students[1])
	beto.types("ab")
	beto.sees("keys=[ab]")
	o := newOpenSSH(t, c.one)
	o.identity = c.teacherFile
	console := o.terminal("-t", o.host, "teacher")
	console.sees("Class: 2 here")
	console.fills("o", "Card for all:", "R2")
	ana.sees("<card R2>")
	beto.sees("<card R2>")
	console.fills("/", "Name contains:", "nt1")
	console.sees("> Student1")
	console.types("h")
	beto.sees("<hint>")
	console.types("l")
	console.sees("Screen of Student1")
	console.sees("keys=[ab")
	beto.sees("Your teacher sees your screen")
	beto.types("c")
	console.sees("c]")
	console.returns()
	console.types("q")
	console.leave()
	if ana.out.Shows("hint") {
		t.Error("another student got the hint")
	}

	teacher, _ := c.two.comes(t, c.teacher)
	teacher.types("P")
	ana.sees("Ruiz presents")
	beto.sees("Ruiz presents")
	ana.types("W")
	beto.types("W")
	ana.sees("size=80x23 keys=[P")
	beto.sees("size=80x23 keys=[P")
	teacher.sees("Presenting: 2 follow")
	teacher.types("xyz")
	ana.sees("Pxyz]")
	late := newVisitor(t, c.one.dialAs(t, c.students[0]))
	if err := late.sess.Start("watch"); err != nil {
		t.Fatal(err)
	}
	late.sees("Pxyz]")
	if err := c.two.stop(); err != nil { // with its presenter
		t.Fatal(err)
	}
	ana.sees("Ruiz no longer shares the screen.")
	late.sees("No one presents yet")
	ana.types("d")
	ana.sees("d]")
}

// A student who lands on the other server finds the progress, also after the
// first server has stopped.
func TestProgressCrossesServers(t *testing.T) {
	c := startCampus(t, 1)
	p := state.KeyPerson(c.students[0].PublicKey().Marshal(), "Student0")
	now := time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	progress, err := state.Recorder(t.Context(), c.storeOne, p, func() time.Time { return now })
	if err == nil {
		err = progress.Save("R1", course.Record{Prediction: "1", PredictedAt: &now, PassedAt: &now})
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := c.one.stop(); err != nil {
		t.Fatal(err)
	}
	o := newOpenSSH(t, c.two)
	o.identity = c.teacherFile
	if out, status := o.output("-q", o.host, "report"); status != 0 || !strings.Contains(out, "Student0,"+p.ID+",R1,passed") {
		t.Errorf("status %d: %s", status, out)
	}
}

// Redis goes away: who is here goes on, and the console says so.
func TestTheClassGoesOnWithoutRedis(t *testing.T) {
	t.Parallel()
	c := startCampus(t, 1)
	ana, _ := c.one.comes(t, c.students[0])
	ana.sees("size=80x24")
	o := newOpenSSH(t, c.one)
	o.identity = c.teacherFile
	console := o.terminal("-t", o.host, "teacher")
	console.sees("Class: 1 here")
	_ = c.redis.Close()
	console.sees("could not be read")
	ana.types("ab")
	ana.sees("keys=[ab]")
	console.types("l")
	console.sees("keys=[ab]")
	console.returns()
	console.types("q")
	console.leave()
	ana.types("q")
	if status := ana.status(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

func TestDemo(t *testing.T) {
	t.Parallel()
	demo := func(o *Options) {
		o.Tours = []string{"all", "retry"}
		o.NewDemo = func(_ context.Context, who SessionInfo, name string) (tea.Model, func(), error) {
			return &probe{who: who, keys: "demo " + name}, nil, nil
		}
	}
	c := startClassWith(t, demo)
	o := c.openSSH(t, c.studentFile)
	for command, want := range map[string]string{"demo": "keys=[demo ]", "demo retry": "keys=[demo retry]"} {
		term := o.terminal("-tt", o.host, command)
		term.sees(want)
		term.types("q") // the probe's own key to leave
		if status := term.leave(); status != 0 {
			t.Errorf("%s: exit status %d", command, status)
		}
	}
	if out, status := o.output("-tt", o.host, "demo nothing"); status != 1 || !strings.Contains(out, "No commands are run") {
		t.Errorf("status %d: %s", status, out)
	}
	c = startClassWith(t, func(o *Options) { demo(o); o.Demo = true })
	ana, _ := c.comes(t, c.student)
	ana.sees("keys=[demo ]")
	ana.types("q")
	ana.sees("keys=[]")
	ana.types("q")
	if status := ana.status(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// Ctrl+c leaves altogether, even if the program that reads it, a demo or the start
// screen, is ending to make room for the labs.
func TestCtrlCIsNotLostBetweenPrograms(t *testing.T) {
	t.Parallel()
	c := startClassWith(t, func(o *Options) {
		o.Tours, o.Demo = []string{"all"}, true
		o.NewDemo = func(_ context.Context, who SessionInfo, name string) (tea.Model, func(), error) {
			return endsAtAnyKey{&probe{who: who, keys: "demo"}}, nil, nil
		}
	})
	ana, _ := c.comes(t, c.student)
	ana.sees("keys=[demo]")
	ana.types("\x03")
	if status := ana.status(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// endsAtAnyKey is a program that ends at any key in the same way.
type endsAtAnyKey struct{ tea.Model }

func (p endsAtAnyKey) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if _, ok := msg.(tea.KeyMsg); ok {
		return p, tea.Quit
	}
	p.Model, _ = p.Model.Update(msg)
	return p, nil
}

func TestMetrics(t *testing.T) {
	m := metrics.New()
	ctx, stop := context.WithCancel(t.Context())
	addr, served := make(chan net.Addr, 1), make(chan error, 1)
	go func() { served <- m.Serve(ctx, "127.0.0.1:0", func(a net.Addr) { addr <- a }) }()
	url := fmt.Sprintf("http://%s/metrics", <-addr)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	read := func() string {
		t.Helper()
		res, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	c := startClassWith(t, func(o *Options) { o.Metrics = m })
	ana, _ := c.comes(t, c.student)
	ana.types("ab")
	ana.sees("keys=[ab]")
	o := c.openSSH(t, c.studentFile)
	o.output(o.host, "id")
	text := read()
	for _, want := range []string{`resilab_sessions{kind="session"} 1`, `resilab_refusals_total{reason="command"} 1`,
		"resilab_key_to_frame_seconds_count", "resilab_frame_seconds_count", "resilab_sent_bytes_total", "process_open_fds"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	ana.types("q")
	ana.status()
	c.logs(t, "session ended")
	if text := read(); !strings.Contains(text, `resilab_sessions{kind="session"} 0`) {
		t.Error("the session is still counted")
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}
