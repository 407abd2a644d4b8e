//go:build unix

package endtoend

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gossh "golang.org/x/crypto/ssh"

	"resilab/brokers/brokertest"
)

// students are those of the class that is played through.
const students = 8

// classroom is a class on two servers that share one Redis.
type classroom struct {
	t       *testing.T
	servers [2]*classServer
	teacher gossh.Signer
	keys    []gossh.Signer
}

// classServer is one process of the class.
type classServer struct {
	addr string
	kill func()
}

// openClassroom starts two servers for a teacher and the students' keys.
func openClassroom(t *testing.T) *classroom {
	t.Helper()
	c := &classroom{t: t}
	dir, redis := t.TempDir(), brokertest.Redis(t)
	var line string
	c.teacher, line = newKey(t)
	admins := writeFile(t, dir, "admins", line+" Ruiz\n")
	var lines []string
	for i := range students {
		signer, line := newKey(t)
		c.keys = append(c.keys, signer)
		lines = append(lines, fmt.Sprintf("%s Student%d", line, i))
	}
	keys := writeFile(t, dir, "keys", strings.Join(lines, "\n")+"\n")
	for i := range c.servers {
		c.servers[i] = c.serve(filepath.Join(dir, fmt.Sprint("host", i)), admins, keys, redis.URL())
	}
	return c
}

func writeFile(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (c *classroom) serve(hostKey, admins, keys, redis string) *classServer {
	c.t.Helper()
	cmd := command(c.t, "serve", "--addr", "127.0.0.1:0", "--exempt", "127.0.0.0/8", "--host-key", hostKey,
		"--admin-keys", admins, "--keys", keys, "--state", redis)
	out, log := &output{}, &output{}
	cmd.Stdout, cmd.Stderr = out, log
	start(c.t, cmd)
	await(c.t, "a server of the class listens", func() bool { return served.MatchString(out.String()) })
	c.t.Cleanup(func() {
		if c.t.Failed() {
			c.t.Logf("server: %s", log)
		}
	})
	return &classServer{addr: served.FindString(out.String()), kill: func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}}
}

// member is one person's terminal.
type member struct {
	*visitor
	t *testing.T
}

// joins logs a person in, with a command or into the labs.
func (c *classroom) joins(server int, key gossh.Signer, command string) *member {
	c.t.Helper()
	conn, err := gossh.Dial("tcp", c.servers[server].addr, &gossh.ClientConfig{User: "x", Timeout: patience,
		Auth: []gossh.AuthMethod{gossh.PublicKeys(key)}, HostKeyCallback: gossh.InsecureIgnoreHostKey()}) // the test's own server
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = conn.Close() })
	m := &member{visitor: &visitor{conn: conn}, t: c.t}
	if m.session, err = conn.NewSession(); err != nil {
		c.t.Fatal(err)
	}
	m.session.Stdout, m.session.Stderr = &m.screen, &m.screen
	if m.keys, err = m.session.StdinPipe(); err != nil {
		c.t.Fatal(err)
	}
	_ = m.session.Setenv("LANG", "en_US.UTF-8")
	if command != "report json" && command != "report" {
		if err := m.session.RequestPty("xterm-256color", 40, 120, nil); err != nil {
			c.t.Fatal(err)
		}
	}
	begin := m.session.Shell
	if command != "" {
		begin = func() error { return m.session.Start(command) }
	}
	if err := begin(); err != nil {
		c.t.Fatal(err)
	}
	return m
}

func (m *member) awaits(text string) {
	m.t.Helper()
	if err := m.sees(text); err != nil {
		m.t.Fatal(err)
	}
}

func (m *member) types(keys ...string) {
	m.t.Helper()
	for _, key := range keys {
		if _, err := io.WriteString(m.keys, key); err != nil {
			m.t.Fatal(err)
		}
	}
}

// fills opens a field of the console with a key and types a short text into it.
// More keys at once would be a paste.
func (m *member) fills(key, label, text string) {
	m.t.Helper()
	m.types(key)
	m.awaits(label)
	m.types(text)
	m.awaits(text)
	m.types("\r")
}

// passesR0 goes on from the prediction of R0: run A, a setting, run B, check.
func (m *member) passesR0() {
	m.t.Helper()
	m.awaits("Enough samples")
	m.types("a")
	m.awaits("Run A is saved")
	m.types("+") // of the setting that the card opens
	m.awaits("Everything holds")
	m.types("c")
	m.awaits("With three retries a") // the outcome
}

// A class is played through with real clients: one teacher and eight students
// over two servers on one Redis. A card is opened for all, one student is helped,
// two pass the card, the teacher presents, one server is killed, and the report has
// what everybody has done.
func TestAClass(t *testing.T) {
	c := openClassroom(t)
	var class []*member
	for i, key := range c.keys {
		class = append(class, c.joins(i%2, key, ""))
	}
	for _, m := range class {
		m.awaits("Retry")
	}
	console := c.joins(0, c.teacher, "teacher")
	console.awaits(fmt.Sprintf("Class: %d here", students))

	console.fills("o", "Card for all:", "R0")
	for _, m := range class {
		m.awaits("Your teacher opened card R0.")
		m.types("\r") // each predicts the first choice
	}
	class[0].passesR0()
	class[1].passesR0() // on the server that is killed
	console.fills("/", "Name contains:", "nt7")
	console.awaits("> Student7")
	console.types("h") // one is helped, on the other server
	console.awaits("Hint shown to Student7")
	console.fills("m", "Message:", "hola")
	class[7].awaits("Teacher: hola")

	teacher := c.joins(1, c.teacher, "")
	teacher.awaits("Retry")
	teacher.types("P")
	for i, m := range class {
		m.awaits("Ruiz presents")
		if i < 4 {
			m.types("W")
			m.awaits("Screen of Ruiz")
		}
	}
	teacher.awaits("4 follow")
	teacher.types("3") // shows another lab
	for _, m := range class[:4] {
		m.awaits("Cache-Aside")
	}
	demo := c.joins(1, c.keys[0], "demo cacheaside")
	demo.awaits("The first read goes to the database")
	demo.types("x")

	at := func(stage string) (names []string) {
		for _, r := range c.report(0) {
			if r.Card == "R0" && r.Stage == stage {
				names = append(names, r.Name)
			}
		}
		slices.Sort(names)
		return names
	}
	passed := []string{"Student0", "Student1"}
	await(t, "all predictions are kept", func() bool { return len(at("predicted")) == students-len(passed) })
	c.servers[1].kill()
	if got := at("predicted"); len(got) != students-len(passed) {
		t.Errorf("after one server was killed, with a prediction: %v", got)
	}
	if got := at("passed"); !slices.Equal(got, passed) {
		t.Errorf("after one server was killed, passed: %v, want %v", got, passed)
	}
	again := c.joins(0, c.keys[1], "") // who was on the killed server comes back to the other one
	again.awaits("Retry")
	again.types("c")
	again.awaits("R1") // the card after the one that was passed
	lines, err := csv.NewReader(strings.NewReader(c.output(0, "report"))).ReadAll()
	if err != nil || len(lines) != students+1 {
		t.Errorf("report of %d lines, %v", len(lines), err)
	}
	console.types("q")
}

// reported is a line of the report.
type reported struct{ Name, Card, Stage string }

func (c *classroom) report(server int) (list []reported) {
	c.t.Helper()
	if err := json.Unmarshal([]byte(c.output(server, "report json")), &list); err != nil {
		c.t.Fatal(err)
	}
	return list
}

// output is what a command of the teacher's prints.
func (c *classroom) output(server int, command string) string {
	c.t.Helper()
	m := c.joins(server, c.teacher, command)
	if err := m.session.Wait(); err != nil {
		c.t.Fatal(err)
	}
	return m.screen.String()
}
