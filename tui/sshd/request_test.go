package sshd

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	tea "github.com/charmbracelet/bubbletea"
	gossh "golang.org/x/crypto/ssh"

	"resilab/labs/i18n"
	"resilab/labs/labtest"
)

func TestSizesAreCut(t *testing.T) {
	before := window{100, 30}
	for _, tc := range []struct {
		columns, rows uint32
		want          window
	}{
		{80, 24, window{80, 24}},
		{1, 1, window{1, 1}},
		{500, 200, window{500, 200}},
		{501, 201, window{500, 200}},
		{1<<32 - 1, 1<<32 - 1, window{500, 200}},
		{0, 24, before},
		{80, 0, before},
		{0, 0, before},
	} {
		if got := size(tc.columns, tc.rows, before); got != tc.want {
			t.Errorf("size(%d, %d) = %v, want %v", tc.columns, tc.rows, got, tc.want)
		}
	}
}

func TestCleanRemovesControlSequences(t *testing.T) {
	for in, want := range map[string]string{
		"ana":                    "ana",
		"\x1b[31mred\x1b]0;x\a":  "[31mred]0;x",
		"a\r\nb":                 "ab",
		"josé":                   "josé",
		"evil\u202egnp":          "evilgnp",
		"\xff\xfe":               "",
		strings.Repeat("x", 100): strings.Repeat("x", 32),
	} {
		if got := clean(in, 32); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzRequests(f *testing.F) {
	f.Add(gossh.Marshal(ptyRequest{Term: "xterm", Columns: 80, Rows: 24}))
	f.Add(gossh.Marshal(windowChange{Columns: 1 << 31, Rows: 0}))
	f.Add(gossh.Marshal(struct{ Name, Value string }{"LANG", "es_ES.UTF-8"}))
	f.Fuzz(func(t *testing.T, payload []byte) {
		sane := func(w window) {
			if w.width < 1 || w.width > maxWidth || w.height < 1 || w.height > maxHeight {
				t.Errorf("a window of %v", w)
			}
		}
		harmless := func(s string, limit int) {
			if n := len([]rune(s)); n > limit || strings.ContainsFunc(s, unicode.IsControl) {
				t.Errorf("%q of %d characters", s, n)
			}
		}
		if term, w, ok := parsePty(payload); ok {
			sane(w)
			harmless(term, maxTerm)
		}
		w, _ := parseWindow(payload, window{defaultWidth, defaultHeight})
		sane(w)
		if name, value, ok := parseEnv(payload); ok {
			harmless(name, maxName)
			harmless(value, maxValue)
		}
	})
}

func TestEnvTakesOnlyWhatDescribesTheTerminal(t *testing.T) {
	for name, want := range map[string]bool{
		"LANG": true, "LC_ALL": true, "COLORTERM": true, "NO_COLOR": true,
		"PATH": false, "LD_PRELOAD": false, "HOME": false, "RESILAB_AMQP_URL": false,
	} {
		_, _, ok := parseEnv(gossh.Marshal(struct{ Name, Value string }{name, "x"}))
		if ok != want {
			t.Errorf("%s taken: %t", name, ok)
		}
	}
}

func TestTextsAreTheSameInBothLanguages(t *testing.T) {
	es, err := i18n.Load(i18n.Spanish, texts)
	if err != nil {
		t.Fatal(err)
	}
	en, err := i18n.Load(i18n.English, texts)
	if err != nil {
		t.Fatal(err)
	}
	labtest.SameTexts(t, es, en)
}

// A window that is dragged reaches the program about ten times a second, a flood of
// resizes once, and the newest size always.
func TestResizesAreCoalesced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &session{requested: requested{hasPTY: true}, window: window{80, 24}, resized: make(chan struct{}, 1)}
		began, widths := time.Now(), []int{}
		dragged, flooded := 0, 0
		done, over := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(over)
			s.sendSizes(func(msg tea.Msg) {
				widths = append(widths, msg.(tea.WindowSizeMsg).Width)
				if time.Since(began) < time.Second {
					dragged++
				} else {
					flooded++
				}
			}, done)
		}()
		for i := range 61_000 { // in a minute and a second
			s.resize(gossh.Marshal(windowChange{Columns: uint32(50 + i%100), Rows: 30}))
			time.Sleep(time.Millisecond)
		}
		time.Sleep(resizePause)
		close(done)
		<-over
		if dragged < 9 || dragged > 12 || flooded < 60 || flooded > 70 {
			t.Errorf("%d sizes in a second, %d in the minute after it", dragged, flooded)
		}
		if last := widths[len(widths)-1]; last != 149 {
			t.Errorf("the last size is %d wide, want 149", last)
		}
	})
}

func TestLastLineBreaksBetweenWords(t *testing.T) {
	if got, want := wrap("Session ended: one hour passed", 20), "Session ended: one\r\nhour passed"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
