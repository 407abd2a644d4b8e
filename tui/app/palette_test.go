package app

import (
	"slices"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

func typed(s *stage, text string) {
	for _, r := range text {
		s.press(string(r))
	}
}

// The palette finds in both languages, in part and with letters left out.
func TestPaletteFinds(t *testing.T) {
	for _, c := range []struct{ text, first string }{
		{"pausa", "pause or resume"},
		{"undo", "undo"},
		{"otra vista", "another view"},
		{"alto contraste", "theme: high contrast"},
		{"Apagar", "Apagar la pasarela 5 s"},
		{"title in es", "card A1: title in en"},
		{"decorrelacionado", "jitter: decorrelacionado"},
		{"setting clasif", "setting clasificador"},
		{"vista: graf", "view: gráficas"},
		{"rate", "setting llegadas"}, // as --rate
	} {
		s := contextStage(t, 80, 24, "right", ":")
		typed(s, c.text)
		p := s.host.overlay.(*palette)
		if len(p.found) == 0 || !strings.HasPrefix(p.entries[p.found[0]].words, c.first) {
			t.Errorf("%q does not find %q:\n%s", c.text, c.first, ansi.Strip(p.View()))
		}
	}
}

func TestPaletteDoes(t *testing.T) {
	s := contextStage(t, 80, 24, "ctrl+p")
	typed(s, "jitter equal")
	s.press("esc", ":")
	typed(s, "jitter: igual")
	s.press("enter")
	if got := s.cur().lab.exp.Settings().Text("jitter"); got != "equal" || s.host.overlay != nil {
		t.Errorf("jitter is %s", got)
	}
	s.press(":")
	typed(s, "convoy")
	s.press("enter")
	if s.active != 1 {
		t.Errorf("lab %d is shown", s.active)
	}
	s.press(":")
	typed(s, "zzzz")
	s.shows(t, "Nothing is called")
	s.press("enter")
	if s.host.overlay != nil {
		t.Error("the palette is still open")
	}
}

// The settings, choices, actions and views of the other labs are found in both
// languages, behind those of the open lab, and bring their lab to the front.
func TestPaletteFindsInOtherLabs(t *testing.T) {
	for _, c := range []struct {
		text, row string
		done      func(s *stage) bool
	}{
		{"cache-aside ajuste clasif", "Cache-aside - setting clasificador", func(s *stage) bool {
			k, _ := s.cur().knobs.knob()
			return k.ID == "classify" && s.cur().focus == onKnobs
		}},
		{"cache-aside jitter: igual", "Cache-aside - jitter: igual", func(s *stage) bool {
			return s.cur().lab.exp.Settings().Text("jitter") == "equal"
		}},
		{"cache-aside apagar", "Cache-aside - Apagar la pasarela 5 s", func(s *stage) bool {
			s.settle()
			s.fakes[2].mu.Lock()
			defer s.fakes[2].mu.Unlock()
			return slices.Contains(s.fakes[2].did, "outage")
		}},
		{"cache-aside view: graf", "Cache-aside - view: gráficas", func(s *stage) bool { return s.cur().picture.view == 1 }},
	} {
		s := contextStage(t, 80, 24, "t", "tab", ":")
		typed(s, c.text)
		s.shows(t, c.row)
		s.press("enter")
		if s.active != 2 || !c.done(s) {
			t.Errorf("%q: lab %d:\n%s", c.text, s.active, ansi.Strip(s.View()))
		}
	}
}

func TestPaletteHasTheOpenLabFirst(t *testing.T) {
	s := contextStage(t, 100, 30, "2", ":")
	for _, text := range []string{"", "jitter", "apagar"} {
		typed(s, text)
		p := s.host.overlay.(*palette)
		foreign := slices.IndexFunc(p.found, func(i int) bool { return p.entries[i].lab != "" })
		if foreign < 1 || slices.ContainsFunc(p.found[foreign:], func(i int) bool { return p.entries[i].lab == "" }) {
			t.Errorf("%q: the first entry of another lab is number %d, and others of the open lab follow", text, foreign)
		}
		p.search.Open("")
	}
}

// Where letters are text, the footer names no letters as keys.
func TestSearchesNameNoLettersAsKeys(t *testing.T) {
	for _, open := range []string{":", "?"} {
		s := contextStage(t, 80, 24, open)
		s.shows(t, "up down ")
		s.hides(t, " jk ")
	}
}

// Every key that acts is in the palette.
func TestPaletteHasEveryKey(t *testing.T) {
	s := contextStage(t, 120, 40, "right", "u", "right")
	var words []string
	for _, e := range (finder{s.Model}).keyEntries() {
		words = append(words, e.words)
	}
	all := strings.Join(words, "\n")
	for _, a := range actions() {
		if a.id != "palette" && a.id != "redo" && !strings.Contains(all, s.host.text.T("ui.key."+a.id)) {
			t.Errorf("%s is not in the palette", a.id)
		}
	}
}

func TestTypingFiltersTheHelp(t *testing.T) {
	s := english(t)
	s.press("?")
	s.shows(t, "type to search")
	typed(s, "freeze")
	s.shows(t, "freeze the log")
	s.hides(t, "pause or resume")
	s.press("esc")
	s.shows(t, "pause or resume")
	s.press("?")
	if s.host.overlay != nil {
		t.Error("? does not close the help")
	}
}

// A paste, or letters that a slow line delivers together, are text for the search of
// the palette and of the help, and never keys of what is open.
func TestOverlaysTakePastes(t *testing.T) {
	s := contextStage(t, 80, 24, ":")
	s.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("jitter equal"), Paste: true})
	if got := s.host.overlay.(*palette).search.Text(); got != "jitter equal" {
		t.Errorf("the palette searches for %q", got)
	}
	s.press("esc", "?")
	s.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("undo"), Paste: true})
	s.shows(t, "undo")
	if got := s.host.overlay.(*searchPage).search.Text(); got != "undo" {
		t.Errorf("the help searches for %q", got)
	}
	s.press("esc", "esc", "R")
	s.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("y"), Paste: true})
	if _, asks := s.host.overlay.(*confirmation); !asks {
		t.Errorf("a paste answers a question: %T", s.host.overlay)
	}
}
