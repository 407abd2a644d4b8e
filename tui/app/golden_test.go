package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"
	"pgregory.net/rapid"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/theme"

	tea "github.com/charmbracelet/bubbletea"
)

// exact checks that a frame fills the screen to the cell.
func exact(t interface{ Fatalf(string, ...any) }, frame string, w, h int) {
	if w <= 0 || h <= 0 {
		if frame != "" {
			t.Fatalf("a screen of %dx%d shows %q", w, h, frame)
		}
		return
	}
	rows := strings.Split(frame, "\n")
	if len(rows) != h {
		t.Fatalf("%d rows on a screen of %dx%d", len(rows), w, h)
	}
	for y, row := range rows {
		if got := ansi.StringWidth(row); got != w {
			t.Fatalf("row %d of %dx%d is %d cells wide: %q", y, w, h, got, row)
		}
	}
}

func TestWholeScreens(t *testing.T) {
	sizes := [][2]int{{120, 40}, {100, 30}, {80, 24}, {60, 16}, {40, 10}}
	for name, l := range map[string]look{"ascii": lookASCII, "truecolor": lookColour} {
		for _, lang := range i18n.Langs() {
			for _, size := range sizes {
				t.Run(fmt.Sprintf("%s/%s/%dx%d", name, lang, size[0], size[1]), func(t *testing.T) {
					s := newStage(t, l, lang).live(size[0], size[1])
					frame := s.View()
					exact(t, frame, size[0], size[1])
					golden.RequireEqual(t, []byte(frame))
				})
			}
		}
	}
}

// Every glyph set has the same geometry: the same texts at the same places, and
// charts of the same size with the same scales.
func TestGlyphSets(t *testing.T) {
	for _, set := range []theme.GlyphSet{theme.Blocks, theme.Braille, theme.ASCII} {
		for _, size := range [][2]int{{120, 40}, {80, 24}} {
			t.Run(fmt.Sprintf("%s/%dx%d", set, size[0], size[1]), func(t *testing.T) {
				l := lookColour
				l.glyphs = set
				s := newStage(t, l, i18n.Spanish, func(o *Options, _ []*fakeLab) { o.Labs[0].Picture = nil }).live(size[0], size[1])
				for i := range 60 {
					wave := float64((i*7)%20) / 20
					s.cur().lab.history.Sample(time.Duration(100+i)*time.Second, map[string]float64{
						"success": 1 - wave/4, "success_no_retry": 0.8, "amplification": 1 + wave, "p99_ms": 400 + 2000*wave, "operations": float64(i), "failed": 0})
				}
				s.host.changed()
				frame := ansi.Strip(s.View())
				exact(t, frame, size[0], size[1])
				golden.RequireEqual(t, []byte(frame))
			})
		}
	}
}

// scenes are what a person may come across, each reached by keys.
var scenes = map[string]func(*stage){
	"help":     func(s *stage) { s.press("?") },
	"typing":   func(s *stage) { s.press("down", "enter", "2", "5", "0") },
	"refused":  func(s *stage) { s.press("down", "enter", "5", "h", "enter") },
	"rule":     func(s *stage) { s.press("down", "down", "down", "enter", "1", "m", "s", "enter") },
	"faults":   func(s *stage) { s.press("f", "down") },
	"confirm":  func(s *stage) { s.press("R") },
	"captured": func(s *stage) { s.press("a") },
	"compared": func(s *stage) {
		s.press("a", "right", "right")
		s.settle()
		s.fakes[0].change(func(n *lab.Snapshot) {
			n.Rev, n.Elapsed = 8, 20*time.Second
			n.Metrics = map[string]float64{"success": 0.999, "success_no_retry": 0.821, "amplification": 1.4, "p99_ms": 2300, "operations": 60, "failed": 0}
		})
		s.beat()
		s.press("b")
	},
	"filtered": func(s *stage) { s.press("/", "e", "r", "r", "o", "r", "enter") },
	"log":      func(s *stage) { s.press("tab", "up", "up") },
	"trouble": func(s *stage) {
		s.fakes[0].change(func(n *lab.Snapshot) {
			n.Troubles = []lab.Trouble{{Key: "retry.trouble.away", Args: []any{"127.0.0.1:5672"}, Since: s.now.Add(-75 * time.Second)}}
		})
		s.beat()
	},
	"paused": func(s *stage) { s.press(" ", ">"); s.settle(); s.beat() },
}

func TestScenes(t *testing.T) {
	for name, act := range scenes {
		for _, size := range [][2]int{{100, 30}, {80, 24}, {60, 16}} {
			t.Run(fmt.Sprintf("%s/%dx%d", name, size[0], size[1]), func(t *testing.T) {
				s := newStage(t, lookASCII, i18n.Spanish).live(size[0], size[1])
				act(s)
				frame := s.View()
				exact(t, frame, size[0], size[1])
				golden.RequireEqual(t, []byte(frame))
			})
		}
	}
}

// Whatever the size, the language, the look and the keys pressed before: the
// frame is exactly the screen.
func TestLinesFitTheScreen(t *testing.T) {
	looks := []look{lookASCII, lookColour, {term: "xterm", noColor: "1"}, {term: "xterm", glyphs: theme.Braille}, {term: "linux"}}
	keys := []string{"1", "2", "3", "tab", "shift+tab", "up", "down", "left", "right", "-", "+", "0", "enter", "5", "x", "esc", " ", ".", "<", ">",
		"a", "b", "t", "v", "f", "?", "/", "z", "w", "e", "R", "L", "m", "q", "u", "U", "y", "S", "T", ":", "ctrl+p", "pgup", "pgdown", "backspace"}
	rapid.Check(t, func(rt *rapid.T) {
		s := newStage(t, rapid.SampledFrom(looks).Draw(rt, "look"), rapid.SampledFrom(i18n.Langs()).Draw(rt, "lang"))
		w, h := rapid.IntRange(1, 400).Draw(rt, "w"), rapid.IntRange(1, 120).Draw(rt, "h")
		s.live(w, h)
		for range rapid.IntRange(0, 25).Draw(rt, "steps") {
			if rapid.IntRange(0, 9).Draw(rt, "resize") == 0 {
				size := tea.WindowSizeMsg{Width: rapid.IntRange(0, 200).Draw(rt, "w"), Height: rapid.IntRange(0, 60).Draw(rt, "h")}
				if s.Update(size); size.Width > 0 && size.Height > 0 { // else the old size stays
					w, h = size.Width, size.Height
				}
			}
			s.press(rapid.SampledFrom(keys).Draw(rt, "key"))
			exact(rt, s.View(), w, h)
		}
	})
}

func BenchmarkFrame(b *testing.B) {
	s := newStage(b, lookColour, i18n.Spanish).live(120, 40)
	for i := range 200 {
		s.cur().lab.history.Sample(time.Duration(i)*time.Second+100*time.Second, s.fakes[0].snap.Metrics)
	}
	s.press("a")
	b.ReportAllocs()
	for b.Loop() {
		s.host.changed()
		s.View()
	}
}
