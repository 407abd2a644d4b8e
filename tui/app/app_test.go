package app

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"go.uber.org/goleak"

	"resilab/labs/i18n"
	"resilab/labs/lab"
)

// The clock for the time limits of regular expressions, which the lexers use, ends by itself.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/dlclark/regexp2/v2.runClock"))
}

func (s *stage) shows(t *testing.T, words string) {
	t.Helper()
	if frame := ansi.Strip(s.View()); !strings.Contains(frame, words) {
		t.Errorf("%q is not on the screen:\n%s", words, frame)
	}
}

func (s *stage) hides(t *testing.T, words string) {
	t.Helper()
	if frame := ansi.Strip(s.View()); strings.Contains(frame, words) {
		t.Errorf("%q is on the screen:\n%s", words, frame)
	}
}

func english(t testing.TB, adjust ...func(*Options, []*fakeLab)) *stage {
	return newStage(t, lookASCII, i18n.English, adjust...).live(100, 30)
}

func TestFirstFrameComesBeforeAnyLab(t *testing.T) {
	s := newStage(t, lookASCII, i18n.English)
	if _, cmd := s.Update(tea.WindowSizeMsg{Width: 80, Height: 24}); cmd == nil {
		t.Error("no lab is started")
	}
	s.shows(t, "Starting")
}

func TestKnobsAreTurned(t *testing.T) {
	s := english(t)
	for _, tc := range []struct {
		keys []string
		id   string
		want string
	}{
		{[]string{"right"}, "retries", "4"},
		{[]string{"h", "h"}, "retries", "2"},
		{[]string{"+"}, "retries", "3"},
		{[]string{"-", "-", "-", "-"}, "retries", "0"},
		{[]string{"0"}, "retries", "3"},
		{[]string{"enter", "7", "enter"}, "retries", "7"},
		{[]string{"j", "enter", "2", "5", "0", "m", "s", "enter"}, "base", "250ms"},
		{[]string{"j", "enter", "1", ",", "5", "enter"}, "factor", "1.5"},
		{[]string{"down", "down", "enter", "d", "e", "c", "enter"}, "jitter", "decorrelated"},
		{[]string{"enter", "i", "g", "u", "enter"}, "jitter", "equal"},
		{[]string{"enter", "p", "l", "e", "t", "o", "enter"}, "jitter", "full"},
		{[]string{"down", "enter", "2", "5", " ", "%", "enter"}, "failure-rate", "0.25"},
		{[]string{"enter", "3", "0", "enter"}, "failure-rate", "0.3"},
		{[]string{"up", "up", "up", "up", "enter", "4", "0", "0", "enter"}, "base", "400ms"},
		{[]string{"j", "j", "j", "j", "down", "enter", "2", "0", " ", "/", "s", "enter"}, "rate", "20"},
		{[]string{"down", "enter"}, "classify", "false"},
		{[]string{"up", "enter", "5", "esc"}, "rate", "20"},
		{[]string{"enter", "enter"}, "rate", "20"},
	} {
		s.press(tc.keys...)
		if got := s.cur().lab.exp.Settings()[tc.id].String(); got != tc.want {
			t.Errorf("after %v %s is %s, want %s", tc.keys, tc.id, got, tc.want)
		}
		if s.cur().typing() != nil || s.cur().knobs.problem != "" {
			t.Fatalf("after %v: typing %v, problem %q", tc.keys, s.cur().typing(), s.cur().knobs.problem)
		}
	}
}

// What was typed is gone with esc, although no setting has changed.
func TestAnAbandonedValueIsNotShown(t *testing.T) {
	s := english(t)
	before := s.View()
	s.press("enter", "8", "7", "6")
	s.shows(t, "876")
	s.press("esc")
	if after := s.View(); after != before {
		t.Errorf("after esc:\n%s\nbefore:\n%s", after, before)
	}
}

func TestRefusedValueKeepsTheSetting(t *testing.T) {
	s := english(t)
	s.press("enter", "1", "1", "enter")
	s.shows(t, `"11" is not allowed; it takes 0..10`)
	if got := s.cur().lab.exp.Settings().Int("retries"); got != 3 {
		t.Errorf("retries is %d", got)
	}
	s.press("esc", "j", "j", "j", "j", "j", "enter", "1", "2", "0", " ", "%", "enter")
	s.shows(t, `"120 %" is not allowed; it takes 0..100 %`)
	s.press("esc", "k", "k", "k", "k", "k", "enter", "1", "0", "enter")
	if got := s.cur().lab.exp.Settings().Int("retries"); got != 10 {
		t.Errorf("after mending it retries is %d", got)
	}
}

func TestLongValueLeavesRoomForTheRange(t *testing.T) {
	s := english(t)
	s.press("enter")
	s.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(strings.Repeat("En un lugar de la Mancha ", 2000)), Paste: true})
	s.press("enter")
	s.shows(t, `"En un lugar de la M~" is not allowed; it takes 0..10`)
}

func TestKeysWhileTypingAreText(t *testing.T) {
	s := english(t)
	s.press("enter", "q", "R", "2", "?", "tab", "ctrl+w", "x", "ctrl+u", "9")
	if s.host.overlay != nil || s.active != 0 || s.cur().knobs.value.Text() != "9" {
		t.Errorf("overlay %v, lab %d, typed %q", s.host.overlay, s.active, s.cur().knobs.value.Text())
	}
	if !quits(s.press("ctrl+c")) {
		t.Error("ctrl+c does not quit while typing")
	}
}

// ctrl+z stops the process only where a shell can continue it.
func TestSuspending(t *testing.T) {
	for _, wanted := range []bool{false, true} {
		s := newStage(t, lookASCII, i18n.English, func(o *Options, _ []*fakeLab) { o.Suspend = wanted }).live(100, 30)
		if got := leadsTo[tea.SuspendMsg](s.press("ctrl+z")); got != wanted {
			t.Errorf("suspends: %v, want %v", got, wanted)
		}
	}
}

// A slow line delivers several keys in one message; a paste is text.
func TestSeveralKeysInOneMessage(t *testing.T) {
	s := english(t)
	s.press("jjl")
	if v := s.cur(); v.knobs.selected != 2 || v.lab.exp.Settings().Float("factor") != 2.25 {
		t.Errorf("knob %d, factor %v", v.knobs.selected, v.lab.exp.Settings().Float("factor"))
	}
	s.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("Rq"), Paste: true})
	if s.host.overlay != nil {
		t.Error("pasted text acted as keys")
	}
	s.press("R")
	s.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("y"), Paste: true})
	if s.host.overlay == nil {
		t.Error("pasted text answered a question")
	}
	s.press("n", "enter")
	s.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("1.5"), Paste: true})
	s.press("enter")
	if got := s.cur().lab.exp.Settings().Float("factor"); got != 1.5 {
		t.Errorf("factor is %v after pasting 1.5", got)
	}
}

func TestTabsAndFocus(t *testing.T) {
	s := english(t)
	s.press("3")
	if s.active != 2 {
		t.Fatalf("lab %d", s.active)
	}
	s.press("9", "1", "tab")
	if s.active != 0 || s.cur().focus != onLog {
		t.Errorf("lab %d, focus %d", s.active, s.cur().focus)
	}
	s.press("shift+tab")
	if s.cur().focus != onKnobs {
		t.Errorf("focus %d", s.cur().focus)
	}
}

func TestViews(t *testing.T) {
	s := english(t)
	for _, tc := range []struct {
		key   string
		view  int
		table bool
	}{{"v", 1, false}, {"v", 0, false}, {"t", 0, true}, {"v", 1, false}} {
		s.press(tc.key)
		if v := s.cur().picture; v.view != tc.view || v.table != tc.table {
			t.Errorf("%s leads to view %d, table %v", tc.key, v.view, v.table)
		}
	}
	s.Update(tea.WindowSizeMsg{Width: 60, Height: 16})
	if s.press("v"); s.cur().picture.view != 1 {
		t.Error("v changes what is not shown")
	}
}

func TestLeaving(t *testing.T) {
	s := english(t)
	if quits(s.press("q")) {
		t.Fatal("q leaves running labs without asking")
	}
	s.shows(t, "Leave?")
	if quits(s.press("n")) || s.host.overlay != nil {
		t.Fatal("n does not stay")
	}
	if !quits(s.press("q", "y")) {
		t.Error("y does not leave")
	}
	for i := range s.labs {
		s.press([]string{"1", "2", "3"}[i], " ")
		s.beat()
	}
	if !quits(s.press("q")) {
		t.Error("nothing runs, and q still asks")
	}
}

func TestBackClosesTheLastPanel(t *testing.T) {
	s := english(t)
	s.press("/", "x", "enter", "t", "q")
	if s.cur().picture.table || s.cur().log.filter.Text() != "x" {
		t.Error("q does not close the table first")
	}
	s.press("q")
	if s.cur().log.filter.Text() != "" || s.host.overlay != nil {
		t.Error("q does not take the filter away")
	}
}

func TestGroupsAreJumpedTo(t *testing.T) {
	s := english(t)
	for _, tc := range []struct {
		key  string
		want int
	}{{"pgdown", 5}, {"pgdown", 5}, {"down", 6}, {"pgup", 5}, {"pgup", 0}, {"pgup", 0}} {
		s.press(tc.key)
		if got := s.cur().knobs.selected; got != tc.want {
			t.Errorf("%s leads to knob %d, want %d", tc.key, got, tc.want)
		}
	}
}

func TestResetAsksFirst(t *testing.T) {
	s := english(t)
	s.press("right", "R", "n")
	if got := s.cur().lab.exp.Settings().Int("retries"); got != 4 {
		t.Fatalf("retries is %d after no", got)
	}
	s.press("R", "y")
	s.settle()
	if got := s.cur().lab.exp.Settings().Int("retries"); got != 3 {
		t.Errorf("retries is %d after yes", got)
	}
}

func TestFaultsAndConfirmation(t *testing.T) {
	s := english(t)
	s.press("f", "enter") // faults come first
	s.settle()
	s.press("f", "down", "enter")
	s.shows(t, "cannot be undone")
	s.press("esc", "f", "down", "enter", "y")
	s.settle()
	s.fakes[0].mu.Lock()
	defer s.fakes[0].mu.Unlock()
	if did := s.fakes[0].did; !slices.Equal(did, []string{"outage", "flush"}) {
		t.Errorf("did %v", did)
	}
}

func TestLogFilterFreezeScroll(t *testing.T) {
	s := english(t)
	s.shows(t, "rechazada")
	s.press("/", "t", "x", "n", "enter")
	s.shows(t, "Pago aprobado")
	s.hides(t, "rechazada")
	s.press("q", "z")
	s.fakes[0].change(func(n *lab.Snapshot) {
		n.Rev, n.Events = 99, []lab.Event{{Seq: 99, Key: "retry.event.fail", Args: []any{"nuevo"}}}
	})
	s.beat()
	s.hides(t, "nuevo")
	s.press("z")
	s.shows(t, "nuevo")
}

func TestLanguageIsSwitchedLive(t *testing.T) {
	s := english(t)
	s.shows(t, "Settings")
	s.press("L")
	s.shows(t, "Ajustes")
	s.press("L")
	s.shows(t, "Settings")
}

func TestFailedStartIsShown(t *testing.T) {
	s := english(t, func(_ *Options, fakes []*fakeLab) {
		fakes[0].startup = errors.New("dial tcp 127.0.0.1:5672: refused")
	})
	s.shows(t, "dial tcp 127.0.0.1:5672: refused")
	s.press("2")
	s.shows(t, "running")
	s.fakes[0].startup = nil
	s.press("1", "R", "y")
	for s.cur().lab.exp.Snapshot() == nil {
		time.Sleep(time.Millisecond)
	}
	s.settle()
	s.beat()
	s.shows(t, "running")
}

func TestPanicAtStartIsShown(t *testing.T) {
	s := english(t, func(o *Options, _ []*fakeLab) {
		o.Labs[0].Experiment = lab.NewExperiment(lab.Options{Spec: fakeSpec("retry"), New: func(lab.Env) lab.Lab { panic("oops") }})
	})
	s.shows(t, "oops")
}

func TestFrameIsBuiltOnlyAfterAChange(t *testing.T) {
	s := english(t)
	s.View()
	s.beat()
	if s.stale() {
		t.Error("a beat without news makes a new frame")
	}
	s.fakes[0].change(func(n *lab.Snapshot) { n.Rev++ })
	s.beat()
	if !s.stale() {
		t.Error("news make no new frame")
	}
	s.View()
	s.fakes[1].change(func(n *lab.Snapshot) { n.Rev++ })
	for range 30 {
		s.beat()
	}
	if s.stale() {
		t.Error("news of a hidden lab make a new frame")
	}
}

func TestTicksSlowDownAndSpeedUp(t *testing.T) {
	s := english(t)
	for range 20 {
		s.beat()
	}
	if got := s.clock.every(); got != idleEvery {
		t.Fatalf("nothing happens and the clock beats every %s", got)
	}
	stray := tick{s.clock.generation}
	s.press("down")
	if got := s.clock.every(); got != time.Second/LocalFrames {
		t.Errorf("after a key the clock beats every %s", got)
	}
	if _, cmd := s.Update(stray); cmd != nil {
		t.Error("a beat of the old clock goes on beside the new one")
	}
}

func TestTroubleInAHiddenLabIsMarked(t *testing.T) {
	s := english(t)
	s.fakes[1].change(func(n *lab.Snapshot) {
		n.Troubles = []lab.Trouble{{Key: "convoy.trouble.away", Args: []any{"x"}, Since: s.now}}
	})
	for range 15 {
		s.beat()
	}
	s.shows(t, "2 Convoy !")
}

func TestNoticesExpire(t *testing.T) {
	s := english(t)
	s.press("a")
	s.shows(t, "Saved as A")
	s.now = s.now.Add(noticeTime + time.Second)
	s.beat()
	s.hides(t, "Saved as A")
}

func TestMouseIsOffUntilAsked(t *testing.T) {
	s := english(t)
	if cmd := s.press("m"); cmd == nil {
		t.Fatal("m asks for nothing")
	}
	l := s.plan
	click := func(x, y int, b tea.MouseButton) {
		s.Update(tea.MouseMsg{X: x, Y: y, Button: b, Action: tea.MouseActionPress})
	}
	click(l.knobs.X+3, l.knobs.Y+3, tea.MouseButtonLeft)
	if s.cur().knobs.selected != 2 {
		t.Errorf("knob %d is chosen", s.cur().knobs.selected)
	}
	click(l.knobs.X+3, l.knobs.Y+1, tea.MouseButtonWheelUp)
	if got := s.cur().lab.exp.Settings().Int("retries"); got != 4 {
		t.Errorf("retries is %d after the wheel", got)
	}
	click(tabsStart+12, 0, tea.MouseButtonLeft)
	if s.active != 1 {
		t.Errorf("lab %d after a click on the second tab", s.active)
	}
	click(l.log.X+3, l.log.Y+3, tea.MouseButtonWheelUp)
	if s.cur().focus != onLog || s.cur().log.frozen == nil {
		t.Error("the wheel does not scroll the log")
	}
}

func TestCloseStopsEveryLab(t *testing.T) {
	s := english(t)
	if err := s.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	for i, f := range s.fakes {
		if !f.stopped {
			t.Errorf("lab %d still works", i)
		}
	}
}

func TestExportIsOfferedOnlyWhereThereIsOne(t *testing.T) {
	s := english(t)
	s.press("e")
	if s.host.overlay != nil {
		t.Error("e opens something without an export")
	}
	s = english(t, func(o *Options, _ []*fakeLab) {
		o.Labs[0].Export = fakeExport(func(set lab.Settings) string { return "retries: " + set["retries"].String() + "\n\tlast\x1b[2J" })
	})
	s.press("right", "e")
	s.shows(t, "retries: 4")
	s.shows(t, "      last")
	exact(t, s.View(), 100, 30)
	s.press("esc")
	s.hides(t, "retries: 4")
}

// A fault stays in the log however many routine lines follow it.
func TestRareLinesStayOnTheScreen(t *testing.T) {
	for _, size := range [][2]int{{120, 40}, {100, 30}, {80, 24}} {
		s := newStage(t, lookASCII, i18n.English).live(size[0], size[1])
		s.fakes[0].change(func(n *lab.Snapshot) {
			n.Rev++
			n.Events = []lab.Event{{At: time.Second, Mark: lab.MarkFault, Key: "retry.event.fail", Args: []any{"the rare one"}}}
			for i := range 40 {
				n.Events = append(n.Events, lab.Event{At: 2*time.Second + time.Duration(i)*25*time.Millisecond, Mark: lab.MarkOK, Key: "retry.event.ok", Args: []any{i}, Routine: true})
			}
		})
		s.beat()
		s.shows(t, "the rare one")
		s.shows(t, "txn_39")
		s.press("w")
		s.hides(t, "txn_39")
	}
}

// What a lab refuses is not said to be done; the reason is in the person's language.
func TestARefusedActionIsNotDone(t *testing.T) {
	for _, lang := range i18n.Langs() {
		s := newStage(t, lookASCII, lang).live(80, 24)
		s.fakes[0].refuses = &lab.Refusal{Key: "retry.action.flush", Text: "in a log"}
		s.press("f", "enter")
		s.settle()
		s.beat()
		s.shows(t, s.host.text.T("retry.action.flush"))
		s.hides(t, s.host.text.T("ui.done", s.host.text.T("retry.action.outage")))
		s.hides(t, "in a log")
	}
}
