package sshd

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
)

// A teacher presents; a student follows with one key, and OpenSSH's client with
// `ssh HOST watch`, each in the size of the own window.
func TestPresentAndWatch(t *testing.T) {
	t.Parallel()
	c := startClass(t)
	teacher, _ := c.comes(t, c.teacher)
	teacher.sees("size=80x24")
	ana, _ := c.comes(t, c.student)
	ana.types("aW")
	ana.sees("No one presents at the moment.")
	early := c.openSSH(t, c.studentFile).terminal("-tt", "-o", "SendEnv=LANG", c.host(), "watch")
	early.sees("Nadie presenta")

	teacher.types("P")
	teacher.sees("Presenting: 1 follow")
	ana.sees("Ruiz presents: W to watch")
	early.sees("Pantalla de Ruiz")
	early.sees("size=90x24 keys=[P]")
	ana.types("W")
	ana.sees("Screen of Ruiz")
	ana.sees("size=80x23 keys=[P]")
	teacher.sees("Presenting: 2 follow")
	teacher.types("xyz")
	ana.sees("keys=[Pxyz]")
	early.sees("keys=[Pxyz]")
	if err := ana.sess.WindowChange(40, 100); err != nil {
		t.Fatal(err)
	}
	ana.sees("size=100x39")

	ana.types("q") // back to the own labs, which have seen none of these keys
	ana.sees("size=100x40 keys=[aW")
	teacher.sees("Presenting: 1 follow")
	ana.types("b")
	ana.sees("b]")
	if teacher.out.Shows("b]") {
		t.Error("a follower's key reached the presenter")
	}
	teacher.types("P")
	teacher.sees("You no longer present.")
	seen := strings.Count(early.out.String(), "Nadie presenta")
	if seen == 1 {
		eventually(t, func() bool { return strings.Count(early.out.String(), "Nadie presenta") == 2 },
			func() string { return fmt.Sprintf("still following: %q", early.out) })
	}
	early.types("q")
	if status := early.leave(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	c.logs(t, "watching ended")
	for _, v := range []*visitor{ana, teacher} {
		v.types("q")
		if status := v.status(); status != 0 {
			t.Errorf("exit status %d", status)
		}
	}
}

// Only teachers present, and what a student's client sends never does.
func TestStudentsDoNotPresent(t *testing.T) {
	c := startClass(t)
	ana, _ := c.comes(t, c.student)
	ana.types("Pa")
	ana.sees("keys=[Pa]")
	o := c.openSSH(t, c.studentFile)
	if out, status := o.output(o.host, "present"); status != 1 || !strings.Contains(out, "No commands are run") {
		t.Errorf("status %d: %s", status, out)
	}
	if strings.Contains(c.log.String(), "presenting") {
		t.Error("a student presents")
	}
}

// The presenter's program ends while others follow it.
func TestThePresenterLeaves(t *testing.T) {
	c := startClass(t)
	teacher, _ := c.comes(t, c.teacher)
	teacher.types("P")
	teacher.sees("Presenting: 0 follow")
	ana, _ := c.comes(t, c.student)
	ana.types("W")
	ana.sees("size=80x23")
	teacher.types("q")
	teacher.status()
	ana.sees("Ruiz no longer shares the screen.")
	ana.types("q")
	if status := ana.status(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// A follower whose line drops finds the own labs again.
func TestAFollowersLineDrops(t *testing.T) {
	c := startClass(t)
	teacher, _ := c.comes(t, c.teacher)
	teacher.types("P")
	teacher.sees("Presenting: 0 follow")
	ana, line := c.comes(t, c.student)
	ana.types("abW")
	ana.sees("Screen of Ruiz")
	if err := line.Close(); err != nil {
		t.Fatal(err)
	}
	c.logs(t, "line lost")
	again, _ := c.comes(t, c.student)
	again.sees("keys=[abW]")
	again.types("cq")
	again.sees("abWc")
	again.status()
}

// However many watch in one size, a frame is drawn once.
func TestWatchersShareFrames(t *testing.T) {
	const watchers = 30
	var drawn atomic.Int64
	c := startClassWith(t, func(o *Options) {
		o.MaxWatchers, o.MaxSessions = watchers, 4 // who only watches takes no place of a student
		o.NewProgram = func(_ context.Context, who SessionInfo) (tea.Model, func(), error) {
			return &probe{who: who, drawn: &drawn}, nil, nil
		}
	})
	teacher, _ := c.comes(t, c.teacher)
	teacher.types("P")
	var all []*visitor
	for range watchers {
		v := newVisitor(t, c.dialAs(t, c.student))
		if err := v.sess.Start("watch"); err != nil {
			t.Fatal(err)
		}
		v.sees("size=80x23")
		all = append(all, v)
	}
	late := newVisitor(t, c.dialAs(t, c.student))
	if err := late.sess.Start("watch"); err != nil {
		t.Fatal(err)
	}
	late.sees("visitors at most: 30")
	teacher.sees(fmt.Sprintf("Presenting: %d follow", watchers))
	before := drawn.Load()
	for _, key := range "abcde" {
		teacher.types(string(key))
		teacher.sees(string(key) + "]")
		for _, v := range all {
			v.sees(string(key) + "]")
		}
	}
	if n := drawn.Load() - before; n > 20 { // each key also draws the count
		t.Errorf("%d frames drawn for 5 keys and %d watchers", n, watchers)
	}
	teacher.types("q")
	teacher.status()
	for _, v := range all {
		v.types("q")
		if status := v.status(); status != 0 {
			t.Errorf("exit status %d", status)
		}
	}
}

func TestLookOverAShoulder(t *testing.T) {
	t.Parallel()
	c := startClass(t)
	ana, _ := c.comes(t, c.student)
	ana.types("ab")
	ana.sees("keys=[ab]")
	o := c.openSSH(t, c.teacherFile)
	term := o.terminal("-t", o.host, "teacher")
	term.sees("> Ana")
	term.types("l")
	term.sees("Screen of Ana")
	term.sees("size=90x24 keys=[ab]")
	ana.sees("Your teacher sees your screen")
	ana.types("c")
	term.sees("keys=[abc]")
	term.types("d") // looking is for reading only
	term.returns()
	ana.types("e")
	ana.sees("keys=[abce]")
	term.types("h")
	ana.sees("<hint>]")
	term.fills("o", "Card for all:", "r9")
	term.sees("There is no card r9")
	term.fills("o", "Card for all:", "r2")
	term.sees("Card R2 opened for 1")
	ana.sees("Your teacher opened card R2.")
	ana.sees("<card R2>")
	term.types("q")
	if status := term.leave(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// With --private a student's refusal ends looking and keeps teachers away.
func TestAStudentRefuses(t *testing.T) {
	c := startClassWith(t, func(o *Options) { o.Orders.Private = true })
	ana, _ := c.comes(t, c.student)
	ana.sees("size=80x24")
	o := c.openSSH(t, c.teacherFile)
	term := o.terminal("-t", o.host, "teacher")
	term.sees("> Ana")
	term.types("l")
	term.sees("Screen of Ana")
	ana.sees("Your teacher sees your screen")
	ana.types("N")
	ana.sees("Your teacher cannot see your screen.")
	term.sees("Ana no longer shares the screen.")
	term.types("l")
	term.sees("Ana does not allow it")
	ana.types("N")
	ana.sees("Your teacher can see your screen.")
	term.types("l")
	term.sees("keys=[NN]")
	term.returns()
	term.types("q")
	term.leave()
}

// Who cannot be followed draws no mark.
func TestWatchNeedsATerminal(t *testing.T) {
	c := startClass(t)
	o := c.openSSH(t, c.studentFile)
	if out, status := o.output("-T", o.host, "watch"); status != 1 || !strings.Contains(out, "A terminal is needed") {
		t.Errorf("status %d: %s", status, out)
	}
}

// fills opens a field of the console with a key and types a short text into it.
// More keys at once would be a paste.
func (term *terminal) fills(key, label, text string) {
	term.t.Helper()
	term.types(key)
	term.sees(label)
	term.types(text)
	term.sees(text)
	term.types("\r")
}

// returns goes back from a student's screen to the console's table. Another key
// before that would be part of a paste.
func (term *terminal) returns() {
	term.t.Helper()
	tables := func() int { return strings.Count(term.out.String(), "Class: ") }
	before := tables()
	term.types("q")
	eventually(term.t, func() bool { return tables() > before },
		func() string { return fmt.Sprintf("not back at the table: %q", term.out) })
}

// host is the address for OpenSSH's client.
func (c *class) host() string { return c.addr[:strings.LastIndexByte(c.addr, ':')] }
