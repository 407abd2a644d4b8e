//go:build unix

package endtoend

import (
	"crypto/rand"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	gossh "golang.org/x/crypto/ssh"

	"resilab/tui/sshd/sshdtest"
)

const (
	together = 8  // visitors at once
	cycles   = 80 // visitors who come and go
	abreast  = 10 // of these at a time
)

// visitor is one SSH session in the labs.
type visitor struct {
	conn    *gossh.Client
	session *gossh.Session
	keys    io.Writer
	screen  sshdtest.Transcript
}

func visit(addr, lang string) (*visitor, error) {
	name := rand.Text() // nobody has it yet
	conn, err := gossh.Dial("tcp", addr, &gossh.ClientConfig{User: name, Timeout: patience,
		HostKeyCallback: gossh.InsecureIgnoreHostKey()}) // the server is this test's own
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	v := &visitor{conn: conn}
	if v.session, err = conn.NewSession(); err != nil {
		return v, fmt.Errorf("opening a session: %w", err)
	}
	v.session.Stdout, v.session.Stderr = &v.screen, &v.screen
	if v.keys, err = v.session.StdinPipe(); err != nil {
		return v, err
	}
	_ = v.session.Setenv("LANG", lang) // a wish
	if err := v.session.RequestPty("xterm-256color", 24, 80, nil); err != nil {
		return v, fmt.Errorf("asking for a terminal: %w", err)
	}
	if err := v.session.Shell(); err != nil {
		return v, err
	}
	return v, v.enter()
}

// enter passes the start screen: it takes the name and reads the personal code.
func (v *visitor) enter() error {
	for _, text := range []string{"(enter", "personal"} {
		if err := v.sees(text); err != nil {
			return err
		}
		if _, err := io.WriteString(v.keys, "\r"); err != nil {
			return err
		}
	}
	return nil
}

// sees waits until the screen has shown a text.
func (v *visitor) sees(text string) error {
	deadline := time.Now().Add(patience)
	for !v.screen.Shows(text) {
		if time.Now().After(deadline) {
			return fmt.Errorf("%q is not on the screen: %s", text, tail(v.screen.Rows()))
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil
}

func tail(s string) string { return s[max(0, len(s)-3000):] }

// leave hangs up, as closing the window does.
func (v *visitor) leave() {
	if v != nil {
		_ = v.conn.Close()
	}
}

// serve starts the SSH server on the shared real brokers and returns its address.
func serve(t *testing.T) (addr string, log *output) {
	t.Helper()
	// All visitors come from here, faster than those of one address may, and
	// faster than what they leave behind is cleared away: until then a session's
	// place is taken.
	cmd := command(t, "serve", "--addr", "127.0.0.1:0", "--open", "--exempt", "127.0.0.0/8", "--keep", "0s",
		"--max-sessions", strconv.Itoa(together+cycles), "--host-key", filepath.Join(t.TempDir(), "key"),
		"--amqp-url", shared.RabbitMQ(t).URL(), "--redis-url", shared.Redis(t).URL())
	out, log := &output{}, &output{}
	cmd.Stdout, cmd.Stderr = out, log
	start(t, cmd)
	await(t, "the server listens", func() bool { return served.MatchString(out.String()) })
	t.Cleanup(func() {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server ends with %v: %s", err, log)
		}
	})
	return served.FindString(out.String()), log
}

// Several visitors at once have separate labs, each in the visitor's language;
// many who come and go leave no queue and no key behind.
func visitorsLeaveNothing(t *testing.T) {
	addr, log := serve(t)
	visitors := make([]*visitor, together)
	defer func() {
		for _, v := range visitors {
			v.leave()
		}
	}()
	for i := range visitors {
		lang, word := "en_US.UTF-8", "Settings"
		if i%2 == 1 {
			lang, word = "es_CL.UTF-8", "Ajustes"
		}
		var err error
		if visitors[i], err = visit(addr, lang); err != nil {
			t.Fatal(err)
		}
		if err := visitors[i].sees(word); err != nil {
			t.Fatalf("visitor %d: %v", i, err)
		}
		// A visitor's labs rest while others are shown: the cache gets no key before.
		if _, err := io.WriteString(visitors[i].keys, "3"); err != nil {
			t.Fatalf("visitor %d: %v", i, err)
		}
	}
	// Two labs of each visitor use a broker, each in a separate namespace.
	awaitNamespaces(t, together, log)
	for _, v := range visitors {
		v.leave()
	}
	comeAndGo(t, addr)
	// What a visitor's program could not remove in time ends by itself.
	deadline := time.Now().Add(longestLife + patience)
	for left := namespaces(t); len(left) > 0; left = namespaces(t) {
		if time.Now().After(deadline) {
			t.Fatalf("left of the visitors: %v; log: %s", left, tail(log.String()))
		}
		time.Sleep(100 * time.Millisecond)
	}
	if said := log.String(); strings.Contains(said, "panic") {
		t.Error(tail(said))
	}
}

// awaitNamespaces waits until two namespaces of each visitor have been seen in the
// brokers, and no more. They need not be there at once: between the end of a copy's
// TTL and the next read, a cache has no key.
func awaitNamespaces(t *testing.T, visitors int, log *output) {
	t.Helper()
	deadline := time.Now().Add(patience)
	seen := namespaces(t)
	for ; len(seen) < 2*visitors && time.Now().Before(deadline); maps.Copy(seen, namespaces(t)) {
		time.Sleep(20 * time.Millisecond)
	}
	if len(seen) != 2*visitors {
		t.Fatalf("%d visitors have %d namespaces: %v; keys: %v; queues and exchanges: %v; log: %s",
			visitors, len(seen), seen, keys(t), declared(t), tail(log.String()))
	}
}

func comeAndGo(t *testing.T, addr string) {
	t.Helper()
	slots := make(chan struct{}, abreast)
	var wg sync.WaitGroup
	for i := range cycles {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			v, err := visit(addr, "en_US.UTF-8")
			defer v.leave()
			if err == nil {
				err = v.sees("Settings")
			}
			if err != nil {
				t.Errorf("visitor %d: %v", i, err)
			}
		})
	}
	wg.Wait()
}

var namespace = regexp.MustCompile(`resilab-[0-9a-f]{10}`)

// namespaces lists whose queues or keys are in the brokers.
func namespaces(t *testing.T) map[string]bool {
	t.Helper()
	seen := map[string]bool{}
	client := goredis.NewClient(redisOptions(t))
	defer client.Close()
	keys, err := client.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(keys, declared(t)...) {
		ns := namespace.FindString(name)
		if ns == "" {
			t.Errorf("%q carries no namespace", name)
		}
		seen[ns] = true
	}
	return seen
}

func redisOptions(t *testing.T) *goredis.Options {
	t.Helper()
	opt, err := goredis.ParseURL(shared.Redis(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	return opt
}

// listDeclared asks at once what two commands of rabbitmqctl would, each of
// which takes a second to start. It prints [<<"name">>,…].
const listDeclared = `[element(4, Name) || Name <- rabbit_amqqueue:list_names() ++ rabbit_exchange:list_names()].`

var listed = regexp.MustCompile(`<<"([^"]+)">>`)

// declared lists the queues and the exchanges of the labs.
func declared(t *testing.T) (names []string) {
	t.Helper()
	out, err := shared.RabbitMQ(t).Ctl("--quiet", "eval", listDeclared)
	if err != nil {
		t.Fatal(err)
	}
	found := listed.FindAllStringSubmatch(out, -1)
	if found == nil {
		t.Fatalf("not even RabbitMQ's own exchanges are listed: %s", out)
	}
	for _, name := range found {
		if !strings.HasPrefix(name[1], "amq.") {
			names = append(names, name[1])
		}
	}
	return names
}
