package app

import (
	"fmt"
	"slices"
	"strings"

	"resilab/labs/i18n"
)

// action is something that keys do. Help, footer, palette and the configuration
// of keys name it by its id.
type action struct {
	id   string // ui.key.<id> says what it does
	show string // how its keys are written for people
	keys []string
}

// actions is the one table of what keys do on the screen of a lab, besides those
// of the panels in focus. They can be given other keys.
func actions() []action {
	same := func(id string, keys ...string) action { return action{id, strings.Join(keys, " "), keys} }
	return []action{
		{"pause", "space", []string{" "}},
		same("one", "."), same("slower", "<"), same("faster", ">"), same("fault", "f"),
		same("capture_a", "a"), same("capture_b", "b"), same("reset", "R"), same("undo", "u"), same("redo", "U"),
		same("coarse_down", "-"), {"coarse_up", "+", []string{"+", "="}}, same("default", "0"),
		same("view", "v"), same("table", "t"), same("check", "c"), same("hint", "i"), same("export", "e"),
		same("copy", "y"), same("picture", "S"),
		same("filter", "/"), same("notable", "w"), same("freeze", "z"),
		same("palette", ":", "ctrl+p"), same("language", "L"), same("theme", "T"), same("mouse", "m"), same("help", "?"),
	}
}

// ActionHelp describes an action for the documentation.
type ActionHelp struct {
	ID    string
	Keys  []string // as they are written for people
	Means string
}

// ActionsHelp describes the actions that can be given other keys, with their usual
// keys, in the words of a catalogue that has Texts.
func ActionsHelp(text *i18n.Catalogue) (all []ActionHelp) {
	for _, a := range actions() {
		h := ActionHelp{ID: a.id, Means: text.T("ui.key." + a.id)}
		for _, key := range strings.Fields(a.show) {
			if name := "ui.key_name." + key; text.Has(name) {
				key = text.T(name)
			}
			h.Keys = append(h.Keys, key)
		}
		all = append(all, h)
	}
	return all
}

// reserved are the keys that no action can be given: they move, type or leave.
func reserved(key string) bool {
	switch key {
	case "up", "down", "left", "right", "h", "j", "k", "l", "pgup", "pgdown", "tab", "shift+tab", "enter", "esc", "q", "ctrl+c", "ctrl+z", "backspace":
		return true
	}
	return len(key) == 1 && key[0] >= '1' && key[0] <= '9'
}

// Keymap says which keys do what. The zero value has the usual ones.
type Keymap struct{ changed map[string]action }

// KeyError says why an action cannot be given a key.
type KeyError struct {
	Action, Key string
	Other       string // the action that the key already does; empty: there is none
	Known       bool   // the action is one
}

// Error implements error.
func (e *KeyError) Error() string {
	switch {
	case !e.Known:
		return fmt.Sprintf("keys: unknown action %q", e.Action)
	case e.Other != "":
		return fmt.Sprintf("keys: %q is used twice, by %s and %s", e.Key, e.Action, e.Other)
	default:
		return fmt.Sprintf("keys: %s: %q cannot be used", e.Action, e.Key)
	}
}

// Text says the same in the catalogue's language.
func (e *KeyError) Text(text *i18n.Catalogue) string {
	switch {
	case !e.Known:
		return text.T("ui.keys.unknown", e.Action)
	case e.Other != "":
		return text.T("ui.keys.twice", e.Key, e.Action, e.Other)
	default:
		return text.T("ui.keys.reserved", e.Action, e.Key)
	}
}

// NewKeymap returns the usual keys with some actions on other keys: pause on "p".
// It returns a KeyError for an action that does not exist, for a key that does
// something else, and for one that cannot be given away.
func NewKeymap(keys map[string]string) (Keymap, error) {
	m := Keymap{changed: map[string]action{}}
	ids := make([]string, 0, len(keys))
	for id := range keys {
		ids = append(ids, id)
	}
	slices.Sort(ids) // the same error each time
	for _, id := range ids {
		key := keys[id]
		known := slices.ContainsFunc(actions(), func(a action) bool { return a.id == id })
		pressed := key
		if key == "space" {
			pressed = " "
		}
		if !known || pressed == "" || reserved(pressed) || strings.Contains(key, " ") {
			return Keymap{}, &KeyError{Action: id, Key: key, Known: known}
		}
		m.changed[id] = action{id, key, []string{pressed}}
	}
	seen := map[string]string{}
	for _, usual := range actions() {
		for _, key := range m.of(usual.id).keys {
			if other, twice := seen[key]; twice {
				return Keymap{}, &KeyError{Action: other, Key: key, Other: usual.id, Known: true}
			}
			seen[key] = usual.id
		}
	}
	return m, nil
}

// of returns an action with the keys that it has.
func (m Keymap) of(id string) action {
	if a, ok := m.changed[id]; ok {
		return a
	}
	for _, a := range actions() {
		if a.id == id {
			return a
		}
	}
	panic("app: no action " + id)
}
