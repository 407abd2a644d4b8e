package field

import (
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"resilab/tui/theme"
	"resilab/tui/widget"
)

func text(s string) tea.KeyMsg { return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(s)} }

func TestEditing(t *testing.T) {
	var f Field
	if f.Update(text("x")) || f.Text() != "" {
		t.Error("a closed field takes text")
	}
	f.Open("uno")
	for _, tc := range []struct {
		key  tea.KeyMsg
		want string
	}{
		{text(" dos"), "uno dos"},
		{tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("\x1b\nñ"), Paste: true}, "uno dos ñ"},
		{tea.KeyMsg{Type: tea.KeyBackspace}, "uno dos "},
		{tea.KeyMsg{Type: tea.KeyCtrlW}, "uno "},
		{tea.KeyMsg{Type: tea.KeyHome}, "uno "},
		{tea.KeyMsg{Type: tea.KeyDelete}, "no "},
		{tea.KeyMsg{Type: tea.KeyCtrlV}, "no "},
		{tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("x"), Alt: true}, "no "},
		{tea.KeyMsg{Type: tea.KeyEnd}, "no "},
		{tea.KeyMsg{Type: tea.KeyCtrlU}, ""},
		{text(strings.Repeat("a", 100)), strings.Repeat("a", Most)},
	} {
		before := f.Text()
		if changed := f.Update(tc.key); f.Text() != tc.want || changed != (before != tc.want) {
			t.Errorf("%s: %q (changed: %t), want %q", tc.key, f.Text(), changed, tc.want)
		}
	}
	f.Clear()
	if f.IsOpen() || f.Text() != "" {
		t.Error("the field is not empty and closed")
	}
}

func TestAccepts(t *testing.T) {
	f := Field{Accepts: func(r rune) bool { return r >= '0' && r <= '9' }}
	f.Open("")
	f.Update(text("a1 2"))
	f.Update(tea.KeyMsg{Type: tea.KeySpace, Runes: []rune(" ")})
	if f.Text() != "12" {
		t.Errorf("%q", f.Text())
	}
}

// The cursor is always seen, and nothing is wider than its room.
func TestDraw(t *testing.T) {
	th := theme.New(theme.Options{Getenv: func(name string) string { return map[string]string{"TERM": "xterm"}[name] }})
	rapid.Check(t, func(t *rapid.T) {
		var f Field
		f.Open(rapid.StringMatching(`[a-zñ ]{0,60}`).Draw(t, "text"))
		for range rapid.IntRange(0, 70).Draw(t, "back") {
			f.Update(tea.KeyMsg{Type: tea.KeyLeft})
		}
		w := rapid.IntRange(2, 40).Draw(t, "w")
		row := f.Draw(widget.NewLine(th, w), th.Text, th.Invert, w).String()
		if ansi.StringWidth(row) != w || !strings.Contains(row, th.Invert.Open) {
			t.Fatalf("%q in %d cells", row, w)
		}
	})
}
