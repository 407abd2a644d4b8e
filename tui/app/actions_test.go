package app

import "testing"

func TestKeymap(t *testing.T) {
	for _, c := range []struct {
		keys map[string]string
		want string
	}{
		{map[string]string{"pause": "p"}, ""},
		{map[string]string{"pause": "p", "fault": "space"}, ""},
		{map[string]string{"undo": "ctrl+y", "capture_a": "b", "capture_b": "a"}, ""},
		{map[string]string{"fly": "p"}, `keys: unknown action "fly"`},
		{map[string]string{"pause": "a"}, `keys: "a" is used twice, by pause and capture_a`},
		{map[string]string{"pause": "p", "fault": "p"}, `keys: "p" is used twice, by pause and fault`},
		{map[string]string{"pause": "q"}, `keys: pause: "q" cannot be used`},
		{map[string]string{"pause": ""}, `keys: pause: "" cannot be used`},
		{map[string]string{"pause": "3"}, `keys: pause: "3" cannot be used`},
	} {
		_, err := NewKeymap(c.keys)
		if got := errorText(err); got != c.want {
			t.Errorf("%v: %s, want %s", c.keys, got, c.want)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// A key that was given to an action does it, and help and footer show it.
func TestAChangedKey(t *testing.T) {
	keys, err := NewKeymap(map[string]string{"pause": "p", "help": "H"})
	if err != nil {
		t.Fatal(err)
	}
	s := english(t, func(o *Options, _ []*fakeLab) { o.Keymap = keys })
	s.press(" ")
	s.hides(t, "paused")
	s.press("p")
	s.beat()
	s.shows(t, "paused")
	s.shows(t, "p resume")
	s.press("H")
	s.shows(t, "p             pause or resume")
}

// The usual keys have no key twice, and each action says what it does.
func TestEveryActionHasItsWords(t *testing.T) {
	if _, err := NewKeymap(nil); err != nil {
		t.Error(err)
	}
	for lang, text := range fakeCatalogues() {
		for _, a := range actions() {
			if !text.Has("ui.key." + a.id) {
				t.Errorf("%s: no words for %s", lang, a.id)
			}
		}
		for _, e := range []*KeyError{{Action: "x"}, {Action: "x", Key: "a", Other: "y", Known: true}, {Action: "x", Key: "q", Known: true}} {
			if got := e.Text(text); got == "" {
				t.Errorf("%s: no words for %v", lang, e)
			}
		}
	}
}
