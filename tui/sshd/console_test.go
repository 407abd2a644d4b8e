package sshd

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	gossh "golang.org/x/crypto/ssh"

	"resilab/labs/course"
	"resilab/labs/course/report"
	"resilab/labs/i18n"
	"resilab/tui/state"
)

// class is a server with a teacher and a student, who each have a key.
type class struct {
	*testServer
	teacher, student         gossh.Signer
	teacherFile, studentFile string
	store                    state.Store
}

func startClass(t *testing.T) *class { return startClassWith(t, nil) }

func startClassWith(t *testing.T, change func(*Options)) *class {
	t.Helper()
	c := &class{}
	c.teacher, c.teacherFile = newKeyFile(t)
	c.student, c.studentFile = newKeyFile(t)
	admins, keys := keyringOf(t, keyLine(c.teacher)+" Ruiz"), keyringOf(t, keyLine(c.student)+" Ana")
	store, err := state.OpenLocal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c.store = store
	c.testServer = startServer(t, func(o *Options) {
		o.Open, o.Admins, o.Keys, o.State, o.Cards, o.Keep = false, admins, keys, store, []string{"R1", "R2"}, time.Minute
		o.Report = func(p state.Person, progress course.Records) *report.Document {
			return &report.Document{Version: 1, Program: "resilab test", Student: p.Label(), Cards: []course.Row{{ID: "R1", Hints: progress.Record("R1").Hints}}}
		}
		o.Orders = Orders{OpenCard: func(card string) tea.Msg { return orderMsg("card " + card) }, Hint: orderMsg("hint")}
		if change != nil {
			change(o)
		}
	})
	return c
}

func (c *class) openSSH(t *testing.T, identity string) *openSSH {
	o := newOpenSSH(t, c.testServer)
	o.identity = identity
	return o
}

// passes records that a person has passed R1.
func (c *class) passes(t *testing.T, p state.Person) {
	t.Helper()
	now := time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	progress, err := state.Recorder(t.Context(), c.store, p, func() time.Time { return now })
	if err == nil {
		err = progress.Save("R1", course.Record{Prediction: "1", PredictedAt: &now, Hints: 2, Checks: 3, Worked: 4 * time.Minute, PassedAt: &now})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestReport(t *testing.T) {
	c := startClass(t)
	c.passes(t, state.Person{ID: "name-1", Name: "=HYPERLINK(1)"})
	c.passes(t, state.Person{ID: "name-2", Name: "Beto, \"B\"\x1b[31m", Number: 2})
	o := c.openSSH(t, c.teacherFile)
	out, status := o.output("-q", o.host, "report")
	lines, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if status != 0 || err != nil || len(lines) != 3 {
		t.Fatalf("status %d, %v: %q", status, err, out)
	}
	if got, want := fmt.Sprint(lines[1]), "['=HYPERLINK(1) name-1 R1 passed 2 3 4 0 2026-05-01T09:00:00Z 2026-05-01T09:00:00Z]"; got != want {
		t.Errorf("line %s, want %s", got, want)
	}
	if strings.Contains(out, "\x1b") || !strings.HasPrefix(lines[2][0], `Beto, "B"`) {
		t.Errorf("name %q", lines[2][0])
	}
	out, status = o.output("-q", o.host, "report", "json")
	var list []cardReport
	if err := json.Unmarshal([]byte(out), &list); err != nil || status != 0 || len(list) != 2 || list[0].Stage != "passed" || list[0].Hints != 2 {
		t.Errorf("status %d, %v: %s", status, err, out)
	}
}

func TestAnEmptyReportIsStillOne(t *testing.T) {
	c := startClass(t)
	o := c.openSSH(t, c.teacherFile)
	if out, status := o.output("-q", o.host, "report", "json"); status != 0 || strings.TrimSpace(out) != "[]" {
		t.Errorf("status %d: %q", status, out)
	}
}

// A student reaches none of the teacher's commands, however they are written.
func TestStudentsAreNoTeachers(t *testing.T) {
	t.Parallel()
	c := startClass(t)
	c.passes(t, state.Person{ID: "name-1", Name: "Beto"})
	o := c.openSSH(t, c.studentFile)
	for _, command := range []string{"teacher", "report", "report json", "  report  ", "report\n"} {
		if out, status := o.output(o.host, command); status != 1 || !strings.Contains(out, "This is for teachers") || strings.Contains(out, "Beto") {
			t.Errorf("%q: status %d: %s", command, status, out)
		}
	}
	for _, command := range []string{"report /etc/passwd", "Report", "teacher;id", "report xml", strings.Repeat("report ", 50)} {
		if out, status := o.output("-tt", o.host, command); status != 1 || !strings.Contains(out, "No commands are run") || strings.Contains(out, "Beto") {
			t.Errorf("%q: status %d: %s", command, status, out)
		}
	}
}

func TestConsole(t *testing.T) {
	t.Parallel()
	c := startClass(t)
	c.passes(t, state.Person{ID: "name-1", Name: "Beto"})
	ana, _ := c.comes(t, c.student)
	ana.sees("size=80x24")
	o := c.openSSH(t, c.teacherFile)
	term := o.terminal("-t", o.host, "teacher")
	term.sees("Class: 1 here, 2 in all")
	term.sees("R1 R2")
	term.sees("> Ana")
	term.sees("Beto")
	term.types("m")
	term.sees("Message:")
	for _, part := range []string{"look", " at ", "R1!"} { // more at once is a paste; none stands elsewhere
		term.types(part)
		term.sees(part)
	}
	term.types("\r")
	ana.sees("Teacher: look at R1!")
	ana.types("a")
	ana.sees("keys=[a]") // the key also removes the message
	term.types("H")
	term.sees("Hint shown to all: 1")
	ana.sees("<hint>")
	term.types("/")
	term.sees("Name contains:")
	term.types("bet")
	term.types("\r")
	term.sees("Class: 0 here, 1 in all")
	term.types("x") // who is not here has no session to end
	term.types("/")
	term.types("\r")
	term.sees("Class: 1 here, 2 in all")
	term.types("x")
	if status := ana.status(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	ana.sees("Your teacher ended this session.")
	term.types("q")
	if status := term.leave(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	c.logs(t, "console closed")
}

func TestConsoleNeedsATerminal(t *testing.T) {
	c := startClass(t)
	o := c.openSSH(t, c.teacherFile)
	if out, status := o.output("-T", o.host, "teacher"); status != 1 || !strings.Contains(out, "A terminal is needed") {
		t.Errorf("status %d: %s", status, out)
	}
}

// A teacher gets the signed report of a student, a student the own one; verify
// finds the server's key in it.
func TestSignedReports(t *testing.T) {
	t.Parallel()
	c := startClass(t)
	c.passes(t, state.Person{ID: "name-1", Name: "Beto"})
	o := c.openSSH(t, c.teacherFile)
	out, status := o.output("-q", o.host, "report", "signed", "name-1")
	d, key, err := report.Open([]byte(out))
	if err != nil || status != 0 || d.Student != "Beto" || d.Program != "resilab test" {
		t.Fatalf("status %d, %v: %s", status, err, out)
	}
	if report.Fingerprint(key) != c.fingerprint {
		t.Errorf("signed by %s, the server's key is %s", report.Fingerprint(key), c.fingerprint)
	}
	if out, status := o.output("-q", o.host, "report", "signed", "name-9"); status != 1 {
		t.Errorf("a person who is not there: %s", out)
	}
	s := c.openSSH(t, c.studentFile)
	if out, status := s.output(s.host, "report", "signed", "name-1"); status != 1 || strings.Contains(out, "Beto") {
		t.Errorf("a student asks for another's report: status %d: %s", status, out)
	}
	out, status = s.output("-q", s.host, "report", "mine")
	if _, _, err := report.Open([]byte(out)); err != nil || status != 0 {
		t.Errorf("the own report before anything was kept: status %d, %v: %s", status, err, out)
	}
	c.passes(t, state.KeyPerson(c.student.PublicKey().Marshal(), "Ana"))
	out, status = s.output("-q", s.host, "report", "mine")
	if d, _, err := report.Open([]byte(out)); err != nil || status != 0 || d.Student != "Ana" {
		t.Errorf("the own report: status %d, %v: %s", status, err, out)
	}
}

// The table has the minutes that each has worked, before and in this session, and
// sorts by them.
func TestTheTableHasMinutes(t *testing.T) {
	text, err := i18n.Load(i18n.Spanish, texts)
	if err != nil {
		t.Fatal(err)
	}
	row := func(name string, before, now time.Duration) classRow {
		return classRow{Row: state.Row{Person: state.Person{ID: name, Name: name, Active: before}}, seatPresence: seatPresence{ID: name, Active: now}}
	}
	c := newConsole(t.Context(), text, &server{Options: Options{Cards: []string{"R1", "K0", "C2"}}}, nil)
	beto := row("Beto", 100*time.Minute, 20*time.Minute)
	beto.Records = []course.Record{{PassedAt: &time.Time{}, Hints: 1, Worked: 12 * time.Minute}, {}, {Prediction: "up", Worked: 59 * time.Second}}
	c.Update(classMsg{rows: []classRow{row("Ana", 3*time.Minute, 30*time.Second), beto, row("Carla", 0, 59*time.Second)}})
	for range orders {
		if orders[c.order].name != "minutes" {
			c.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("s")})
		}
	}
	var got []string
	for line := range strings.Lines(c.View()) {
		for _, name := range []string{"Min", "Ana", "Beto", "Carla"} {
			if strings.Contains(line, name) {
				got = append(got, strings.Join(strings.Fields(line), " "))
			}
		}
	}
	if shows := "R1 + 12 min, pistas 1 · C2 p 0 min, pistas 0"; !strings.Contains(c.View(), shows) {
		t.Errorf("%q is not in\n%s", shows, c.View())
	}
	want := []string{"Estudiante Inactivo Min R1 K0 C2", "> Beto 0s 120 + . p 1", "Ana 0s 3 0", "Carla 0s 0 0"}
	if !slices.Equal(got, want) || !strings.Contains(c.View(), "por minutos de trabajo") {
		t.Errorf("rows %q, want %q in\n%s", got, want, c.View())
	}
}

// What a student has worked is kept with the end of the session, and reported.
func TestMinutesAreKept(t *testing.T) {
	c := startClass(t)
	p := state.KeyPerson(c.student.PublicKey().Marshal(), "Ana")
	c.passes(t, p)
	if err := state.AddActive(t.Context(), c.store, p.ID, 5*time.Minute); err != nil {
		t.Fatal(err)
	}
	ana, _ := c.comes(t, c.student)
	ana.types("a")
	ana.sees("keys=[a]")
	ana.types("q")
	ana.status()
	o := c.openSSH(t, c.teacherFile)
	eventually(t, func() bool {
		people, err := c.store.People(t.Context())
		return err == nil && len(people) == 1 && people[0].Active > 5*time.Minute
	}, func() string { return "nothing was added" })
	if out, status := o.output("-q", o.host, "report"); status != 0 || !strings.Contains(out, "R1,passed,2,3,4,5,") {
		t.Errorf("status %d: %s", status, out)
	}
}

// At 80 columns nothing of the table, its legend and its keys is cut: the keys go
// through the cards page by page, there and back.
func TestEveryCardIsReachedAt80Columns(t *testing.T) {
	var cards []string
	for i := range 34 {
		cards = append(cards, fmt.Sprintf("K%d", i))
	}
	for _, lang := range i18n.Langs() {
		text, err := i18n.Load(lang, texts)
		if err != nil {
			t.Fatal(err)
		}
		c := newConsole(t.Context(), text, &server{Options: Options{Cards: cards}}, nil)
		records := make([]course.Record, len(cards))
		for i := range records {
			records[i] = course.Record{PassedAt: &time.Time{}}
		}
		c.Update(classMsg{rows: []classRow{{Row: state.Row{Person: state.Person{Name: strings.Repeat("Ana", 9)}, Records: records}}}})
		c.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
		seen := map[string]bool{}
		page := func(key tea.KeyType) string {
			lines := strings.Split(c.View(), "\n")
			for _, line := range slices.Concat(lines[:2], lines[len(lines)-3:]) {
				if strings.Contains(line, "…") {
					t.Errorf("%s: cut: %s", lang, line)
				}
			}
			marks := strings.Count(lines[2], "+")
			for _, field := range strings.Fields(strings.NewReplacer("<", " ", ">", " ").Replace(lines[1])) {
				if slices.Contains(cards, field) {
					seen[field] = true
					marks--
				}
			}
			if marks != 0 || !strings.HasSuffix(lines[2], " 34") {
				t.Errorf("%s: the marks are not below the cards:\n%s\n%s", lang, lines[1], lines[2])
			}
			c.Update(tea.KeyMsg{Type: key})
			return lines[1]
		}
		first := page(tea.KeyRight)
		for range 5 {
			page(tea.KeyRight)
		}
		if len(seen) != len(cards) {
			t.Errorf("%s: %d of %d cards are seen", lang, len(seen), len(cards))
		}
		for range 5 {
			page(tea.KeyLeft)
		}
		if got := page(tea.KeyLeft); got != first {
			t.Errorf("%s: back at %q, want %q", lang, got, first)
		}
	}
}
