package sshd

import (
	"slices"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/i18n"
	"resilab/tui/stage"
)

// still is a program that shows one word on two lines.
type still struct{}

func (still) Init() tea.Cmd                         { return nil }
func (m still) Update(tea.Msg) (tea.Model, tea.Cmd) { return m, nil }
func (still) View() string                          { return "picture\nfooter" }

// told records what a program is told about who sees it.
type told struct {
	still
	unseen []bool
}

func (m *told) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if away, ok := msg.(bool); ok {
		m.unseen = append(m.unseen, away)
	}
	return m, nil
}

// A program is told when nobody sees it: the visitor looks at another screen, and
// nobody looks at this one.
func TestGuardTellsWhoSeesTheProgram(t *testing.T) {
	program := &told{}
	g := newGuard(t.Context(), program, nil, timeLimits{})
	st := stage.New(func() {})
	g.shown.follow(st, program)
	g.shown.away = func(away bool) tea.Msg { return away }
	turn := func(left bool) {
		g.shown.left.Store(left)
		g.Update(followersMsg{})
	}
	turn(false)
	turn(true)
	turn(true)
	f := st.Follow(stage.View{Size: stage.Size{W: 80, H: 24}}, 1)
	turn(true)
	f.Close()
	turn(true)
	turn(false)
	if want := []bool{true, false, true, false}; !slices.Equal(program.unseen, want) {
		t.Errorf("it was told %v, want %v", program.unseen, want)
	}
}

// A minute after each key at most counts as work.
func TestGuardMeasuresWork(t *testing.T) {
	now := time.Unix(1000, 0)
	g := newGuard(t.Context(), still{}, nil, timeLimits{})
	g.now = func() time.Time { return now }
	g.lastKey.Store(now.UnixNano())
	for _, gap := range []time.Duration{10 * time.Second, 50 * time.Second, time.Hour, 0} {
		now = now.Add(gap)
		g.Update(tea.KeyMsg{Type: tea.KeyEnter})
	}
	now = now.Add(30 * time.Second) // without a key
	g.Update(struct{}{})
	if got := time.Duration(g.active.Load()); got != 2*time.Minute {
		t.Errorf("worked for %v", got)
	}
}

func TestGuardWarnsThenEnds(t *testing.T) {
	text, err := i18n.Load(i18n.English, texts)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1000, 0)
	g := newGuard(t.Context(), still{}, text, timeLimits{idle: 10 * time.Minute, stay: time.Hour, warn: time.Minute})
	g.now, g.began = func() time.Time { return now }, now
	g.lastKey.Store(now.UnixNano())
	g.Update(tea.WindowSizeMsg{Width: 60, Height: 2})

	at := func(d time.Duration) tea.Cmd {
		now = time.Unix(1000, 0).Add(d)
		_, cmd := g.Update(clockMsg{})
		return cmd
	}
	quits := func(cmd tea.Cmd, want bool) {
		t.Helper()
		if (g.why != "") != want {
			t.Errorf("after %s ended: %q", now.Sub(g.began), g.why)
		}
	}
	quits(at(8*time.Minute), false)
	if g.View() != "picture\nfooter" {
		t.Errorf("too early a warning: %q", g.View())
	}
	quits(at(9*time.Minute+18*time.Second), false)
	if v := g.View(); !strings.HasPrefix(v, "picture\n") || !strings.Contains(v, "ends in 42 s") || strings.Contains(v, "footer") {
		t.Errorf("no warning: %q", v)
	}
	g.Update(tea.KeyMsg{Type: tea.KeyEnter}) // still there
	if g.View() != "picture\nfooter" {
		t.Errorf("the warning stays after a key: %q", g.View())
	}
	quits(at(15*time.Minute), false)
	g.Update(struct{}{}) // no key: the picture moves by itself
	quits(at(19*time.Minute+18*time.Second), true)
	if g.why != endIdle {
		t.Errorf("ended by %q", g.why)
	}
}

func TestGuardEndsAfterTheLongestStay(t *testing.T) {
	l := timeLimits{idle: 10 * time.Minute, stay: time.Hour}
	began := time.Unix(0, 0)
	left, why := l.left(began.Add(59*time.Minute), began, began.Add(58*time.Minute))
	if left != time.Minute || why != endStay {
		t.Errorf("%s left by %s", left, why)
	}
}
