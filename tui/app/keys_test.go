package app

import (
	"slices"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/widget"
)

// contexts are the screens on which keys mean something, each reached by keys.
var contexts = map[string][]string{
	"knobs": nil, "log": {"tab"}, "table": {"a", "t"}, "card": {"c"}, "card and log": {"c", "tab", "tab"}, "card and table": {"c", "t"},
	"paused": {" "}, "help": {"?"}, "faults": {"f"}, "question": {"R"}, "export": {"e"}, "palette": {":"}, "copy": {"y"}, "undone": {"right", "u"},
}

// contextStage has everything that keys can act on.
func contextStage(t testing.TB, w, h int, keys ...string) *stage {
	s := newStage(t, lookASCII, i18n.English, func(o *Options, _ []*fakeLab) {
		o.Labs[0].Card = &fakeCard{}
		o.Labs[0].Export = fakeExport(func(lab.Settings) string { return "code" })
	}).live(w, h)
	s.press(keys...)
	s.beat()
	return s
}

// bindings are the keys that mean something now.
func (s *stage) bindings() [][]binding {
	if o := s.host.overlay; o != nil {
		return [][]binding{o.Keys()}
	}
	return append(slices.Clone(s.cur().keys()), s.keys)
}

// A key means one thing: no two bindings that apply at once share one.
func TestKeysAreUnambiguous(t *testing.T) {
	for name, keys := range contexts {
		for _, size := range [][2]int{{120, 40}, {80, 24}, {60, 16}} {
			s := contextStage(t, size[0], size[1], keys...)
			seen := map[string]string{}
			for _, list := range s.bindings() {
				for _, b := range list {
					if !b.applies() {
						continue
					}
					for _, key := range b.keys {
						if other, twice := seen[key]; twice {
							t.Errorf("%s at %v: %q means %s and %s", name, size, key, other, b.means)
						}
						seen[key] = b.means
					}
				}
			}
		}
	}
}

// Every binding is written for people in both languages, and short enough for
// the help.
func TestEveryKeyHasHelp(t *testing.T) {
	for name, keys := range contexts {
		s := contextStage(t, 120, 40, keys...)
		for lang, text := range s.opt.Texts {
			for _, list := range s.bindings() {
				for _, b := range list {
					if !text.Has(b.means) || b.word() != "" && !text.Has(b.word()) {
						t.Errorf("%s in %s: no text for %s or %s", name, lang, b.means, b.word())
						continue
					}
					if words := text.T(b.means); widget.Width(words) > helpColumn-helpKey-3 {
						t.Errorf("%s: %q is too long for the help", lang, words)
					}
				}
			}
		}
	}
}

// The footer has at least one key on every screen, and each of them means
// something there.
func TestTheFooterShowsOnlyWhatWorks(t *testing.T) {
	for name, keys := range contexts {
		for _, size := range [][2]int{{120, 40}, {80, 24}, {60, 16}} {
			s := contextStage(t, size[0], size[1], keys...)
			hints := s.footer.keys(s.Model)
			if len(hints) == 0 {
				t.Errorf("%s at %v: no keys in the footer", name, size)
			}
			known := map[string]bool{}
			for _, list := range s.bindings() {
				for _, b := range list {
					known[b.foot.show] = known[b.foot.show] || b.applies()
				}
			}
			for _, h := range hints {
				if !known[h.show] {
					t.Errorf("%s at %v: the footer shows %q", name, size, h.show)
				}
			}
		}
	}
}

// A key never acts on what is not shown: after any key the panel with the focus
// is on the screen.
func TestFocusIsVisible(t *testing.T) {
	for name, keys := range contexts {
		for _, size := range [][2]int{{120, 40}, {80, 24}, {60, 16}} {
			for _, key := range []string{"tab", "shift+tab", "/", "z", "w", "t", "v", "c", "i", "a", "b"} {
				s := contextStage(t, size[0], size[1], keys...)
				if s.host.overlay != nil {
					continue
				}
				s.press(key)
				l := s.cur().plan
				shown := map[area]Rect{onKnobs: l.knobs, onTable: l.picture, onLog: l.log, onCard: l.card}[s.cur().focus]
				if shown.H == 0 {
					t.Errorf("%s at %v: after %s the focus %d is not shown", name, size, key, s.cur().focus)
				}
			}
		}
	}
}

// At 60x16 a view of a picture that is not shown does not change, and the knobs
// that are not shown are not changed.
func TestKeysOfHiddenPartsDoNothing(t *testing.T) {
	s := contextStage(t, 60, 16, "v")
	if s.cur().picture.view != 0 {
		t.Error("v changes a picture that is not shown")
	}
	s.press("tab", "right", "0", "enter")
	if got := s.cur().lab.exp.Settings().Int("retries"); got != 3 || s.cur().typing() != nil {
		t.Errorf("behind the log retries is %d", got)
	}
}

func TestHelpListsWhatWorksHere(t *testing.T) {
	s := english(t)
	s.press("?")
	s.shows(t, "another group")
	s.hides(t, "as code")
	s = english(t, func(o *Options, _ []*fakeLab) {
		spec := fakeSpec("retry")
		for i := range spec.Knobs {
			spec.Knobs[i].Group = ""
		}
		o.Labs[0].Experiment = lab.NewExperiment(lab.Options{Spec: spec, New: func(lab.Env) lab.Lab { return newFake(fakeSnapshot()) }})
	})
	s.press("?")
	s.hides(t, "another group")
}

func TestEveryTextIsInBothLanguages(t *testing.T) {
	var keys []string
	for _, lang := range i18n.Langs() {
		c, err := i18n.Load(lang, Texts)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, strings.Join(c.Keys(), "\n"))
	}
	if keys[0] != keys[1] {
		t.Errorf("texts differ:\n%s\n\n%s", keys[0], keys[1])
	}
}

// What arrives together with the key that asks is not an answer.
func TestQuestionIgnoresKeysOfTheSameMessage(t *testing.T) {
	s := english(t)
	if quits(s.press("qy")) || s.host.overlay == nil {
		t.Error("qy in one message leaves")
	}
	if !quits(s.press("y")) {
		t.Error("y does not answer")
	}
}

func TestATerminalWithoutASize(t *testing.T) {
	s := newStage(t, lookASCII, i18n.English).live(0, 0)
	exact(t, s.View(), defaultW, defaultH)
	s.shows(t, "running")
	s.Update(tea.WindowSizeMsg{Width: 100, Height: 30})
	s.Update(tea.WindowSizeMsg{})
	exact(t, s.View(), 100, 30)
}

func TestNoKeyActsOnATooSmallScreen(t *testing.T) {
	s := english(t)
	s.Update(tea.WindowSizeMsg{Width: 30, Height: 6})
	s.press("right", "R", "y", "2", "q")
	s.Update(tea.WindowSizeMsg{Width: 100, Height: 30})
	if got := s.cur().lab.exp.Settings().Int("retries"); got != 3 || s.host.overlay != nil || s.active != 0 {
		t.Errorf("retries %d, overlay %v, lab %d", got, s.host.overlay, s.active)
	}
	if s.Update(tea.WindowSizeMsg{Width: 30, Height: 6}); !quits(s.press("ctrl+c")) {
		t.Error("ctrl+c does not leave")
	}
}
