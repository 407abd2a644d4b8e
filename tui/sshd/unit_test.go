package sshd

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
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

func TestCleanLeavesNothingThatActs(t *testing.T) {
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

func TestKeyboardHasThePaceOfAPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		flood := strings.NewReader(strings.Repeat("a", 5000))
		k := &keyboard{ctx: t.Context(), from: flood}
		began := time.Now()
		buf := make([]byte, 256)
		total := 0
		for {
			n, err := k.Read(buf)
			if n > chunk {
				t.Fatalf("%d bytes at once", n)
			}
			total += n
			if err != nil {
				break
			}
		}
		if took := time.Since(began); total != 5000 || took < 9*time.Second || took > 11*time.Second {
			t.Errorf("%d bytes in %s", total, took)
		}
	})
}

func TestKeyboardStopsWaitingWithTheSession(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	k := &keyboard{ctx: ctx, from: strings.NewReader("x"), next: time.Now().Add(time.Hour)}
	cancel()
	if _, err := k.Read(make([]byte, 8)); err != io.EOF {
		t.Errorf("error %v", err)
	}
}

func TestKeyboardDropsPasteMarks(t *testing.T) {
	for in, want := range map[string]string{
		"\x1b[200~hola\x1b[201~": "hola",
		"\x1b[200~":              "",
		"a\x1b[200~\x1b[200~b":   "ab",
		"\x1b[A":                 "\x1b[A",
	} {
		got, err := io.ReadAll(&keyboard{ctx: t.Context(), from: strings.NewReader(in)})
		if err != nil || string(got) != want {
			t.Errorf("%q is read as %q, %v", in, got, err)
		}
	}
	broken := &keyboard{ctx: t.Context(), from: iotest.ErrReader(io.ErrUnexpectedEOF)}
	if _, err := broken.Read(make([]byte, 8)); err != io.ErrUnexpectedEOF {
		t.Errorf("error %v", err)
	}
}

func TestGateCounts(t *testing.T) {
	from := func(s string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(s)) }
	g := newGate(Options{MaxSessions: 3, MaxPerAddress: 2, Exempt: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	enter := func(addr string, want bool) *ticket {
		t.Helper()
		place, why := g.enter(from(addr))
		if (place != nil) != want || (why == "") != want {
			t.Errorf("%s let in: %t (%s)", addr, place != nil, why)
		}
		return place
	}
	a := enter("1.1.1.1:1", true)
	enter("1.1.1.1:2", true)
	enter("1.1.1.1:3", false) // the third of its address
	enter("[::ffff:1.1.1.1]:4", false)
	a.leave()
	a.leave()
	enter("1.1.1.1:5", true)
	enter("10.0.0.1:1", true)
	enter("10.0.0.1:2", true)
	enter("10.0.0.1:3", true) // exempt
	enter("[2001:db8::1]:1", true)
	enter("[2001:db8:0:1::1]:1", false) // six connections are twice the sessions
	for range 3 {
		if !g.takeSession() {
			t.Fatal("no session left")
		}
	}
	if g.takeSession() {
		t.Error("a fourth session")
	}
	g.giveSession()
	if !g.takeSession() {
		t.Error("the session given back is lost")
	}
}

// An address may come in a burst, then at a pace; what it does is no matter to
// others, and it is forgotten when it has left and waited.
func TestGateHoldsAnAddressToAPace(t *testing.T) {
	const burst = 5
	now := time.Unix(1000, 0)
	g := newGate(Options{MaxSessions: 100, MaxPerAddress: burst})
	g.now = func() time.Time { return now }
	come := func(last byte) (in bool) {
		place, _ := g.enter(&net.TCPAddr{IP: net.IPv4(1, 2, 3, last), Port: 5})
		if place != nil {
			place.leave()
		}
		return place != nil
	}
	for i := range burst {
		if !come(4) {
			t.Fatalf("connection %d of a burst of %d is refused", i+1, burst)
		}
	}
	if come(4) {
		t.Error("one more than the burst")
	}
	if !come(5) {
		t.Error("another address is refused, too")
	}
	now = now.Add(arrivalPace)
	if !come(4) || come(4) {
		t.Error("not exactly one more after the time of one")
	}
	for i := range manySources {
		place, _ := g.enter(&net.TCPAddr{IP: net.IPv4(9, 9, byte(i>>8), byte(i)), Port: 5})
		place.leave()
	}
	before := len(g.sources)
	now = now.Add(burst * arrivalPace)
	come(6)
	if before < manySources || len(g.sources) > 1 {
		t.Errorf("%d addresses are remembered, of %d before", len(g.sources), before)
	}
}

func TestLogGateCountsWhatItHoldsBack(t *testing.T) {
	var l logGate
	now := time.Unix(1000, 0)
	for range linesPerSecond {
		if ok, skipped := l.pass(now); !ok || skipped != 0 {
			t.Fatal(ok, skipped)
		}
	}
	for range 3 {
		if ok, _ := l.pass(now); ok {
			t.Error("too many lines")
		}
	}
	if ok, skipped := l.pass(now.Add(time.Second)); !ok || skipped != 3 {
		t.Errorf("a second later: %t, %d held back", ok, skipped)
	}
}

func TestAddressesOfOneIPv6NetworkAreOne(t *testing.T) {
	a := address(&net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 1, Zone: "eth0"})
	b := address(&net.TCPAddr{IP: net.ParseIP("2001:db8::ffff:2"), Port: 2})
	if a != b {
		t.Errorf("%v and %v", a, b)
	}
}

// still is a program that shows one word on two lines.
type still struct{}

func (still) Init() tea.Cmd                         { return nil }
func (m still) Update(tea.Msg) (tea.Model, tea.Cmd) { return m, nil }
func (still) View() string                          { return "picture\nfooter" }

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

func TestHostKeyStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "host_key")
	first, err := loadHostKey(path)
	if err != nil {
		t.Fatal(err)
	}
	second, err := loadHostKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.PublicKey().Marshal(), second.PublicKey().Marshal()) {
		t.Error("another key at the second start")
	}
	if first.PublicKey().Type() != gossh.KeyAlgoED25519 {
		t.Errorf("a key of type %s", first.PublicKey().Type())
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("files left: %v, %v", entries, err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := loadHostKey(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that all can read is taken: %v", err)
	}
}

func TestHostKeyThatIsNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "host_key")
	if err := os.WriteFile(path, []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := loadHostKey(path); err == nil {
		t.Error("no error")
	}
	if got, _ := os.ReadFile(path); string(got) != "not a key" {
		t.Error("the file was overwritten")
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
