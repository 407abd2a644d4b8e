package app

import (
	"strconv"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/tui/theme"
)

// binding is what some keys do. The help and the footer are made of it.
type binding struct {
	keys []string // as Bubble Tea names them
	show string   // how they are written for people
	help string   // the catalogue's key of what they do, under ui.key
	knob bool     // acts on the chosen knob: the card has such keys for itself
	when func(*Model) bool
	run  func(*Model) tea.Cmd
}

// applies tells whether there is anything here for the keys to act on.
func (b binding) applies(m *Model) bool { return b.when == nil || b.when(m) }

// keymap holds every key of the labs' screen. A key means one thing: those of
// everywhere and those of any part differ, which a test holds.
type keymap struct {
	everywhere []binding
	parts      map[area][]binding
}

func newKeymap() keymap {
	return keymap{
		everywhere: append(append(knobKeys(), runKeys()...), screenKeys()...),
		parts: map[area][]binding{
			onKnobs: {
				{keys: []string{"up", "k"}, show: "↑ k", help: "knob_choose", run: act(func(m *Model) { m.choose(-1) })},
				{keys: []string{"down", "j"}, show: "↓ j", help: "knob_choose", run: act(func(m *Model) { m.choose(1) })},
				{keys: []string{"pgup"}, show: "pgup", help: "group_choose", run: act(func(m *Model) { m.chooseGroup(-1) })},
				{keys: []string{"pgdown"}, show: "pgdn", help: "group_choose", run: act(func(m *Model) { m.chooseGroup(1) })},
			},
			onLog: {
				{keys: []string{"up", "k"}, show: "↑ k", help: "log_scroll", run: act(func(m *Model) { m.scroll(1) })},
				{keys: []string{"down", "j"}, show: "↓ j", help: "log_scroll", run: act(func(m *Model) { m.scroll(-1) })},
				{keys: []string{"pgup"}, show: "pgup", help: "log_page", run: act(func(m *Model) { m.scroll(m.logPage()) })},
				{keys: []string{"pgdown"}, show: "pgdn", help: "log_page", run: act(func(m *Model) { m.scroll(-m.logPage()) })},
			},
		},
	}
}

// knobKeys turn the chosen knob, whatever has the focus but the card.
func knobKeys() []binding {
	return []binding{
		{keys: []string{"left", "h"}, show: "← h", help: "step_down", knob: true, run: act(func(m *Model) { m.step(-1, false) })},
		{keys: []string{"right", "l"}, show: "→ l", help: "step_up", knob: true, run: act(func(m *Model) { m.step(1, false) })},
		{keys: []string{"-"}, show: "-", help: "coarse_down", knob: true, run: act(func(m *Model) { m.step(-1, true) })},
		{keys: []string{"+", "="}, show: "+", help: "coarse_up", knob: true, run: act(func(m *Model) { m.step(1, true) })},
		{keys: []string{"0"}, show: "0", help: "default", knob: true, run: act((*Model).toDefault)},
		{keys: []string{"enter"}, show: "enter", help: "type", knob: true, run: act((*Model).beginTyping)},
	}
}

// runKeys act on the run.
func runKeys() []binding {
	return []binding{
		{keys: []string{" "}, show: "space", help: "pause", run: act((*Model).togglePause)},
		{keys: []string{"."}, show: ".", help: "one", run: act(func(m *Model) { m.cur().exp.Step() })},
		{keys: []string{"<"}, show: "<", help: "slower", run: act(func(m *Model) { m.changeSpeed(-1) })},
		{keys: []string{">"}, show: ">", help: "faster", run: act(func(m *Model) { m.changeSpeed(1) })},
		{keys: []string{"f"}, show: "f", help: "fault", when: hasActions, run: act((*Model).openFaults)},
		{keys: []string{"a"}, show: "a", help: "capture_a", run: act((*Model).captureA)},
		{keys: []string{"b"}, show: "b", help: "capture_b", run: act((*Model).captureB)},
		{keys: []string{"v"}, show: "v", help: "view", when: hasViews, run: act((*Model).nextView)},
		{keys: []string{"t"}, show: "t", help: "table", run: act(func(m *Model) { m.cur().table = !m.cur().table })},
		{keys: []string{"R"}, show: "R", help: "reset", run: act((*Model).askReset)},
	}
}

// screenKeys act on what is seen.
func screenKeys() []binding {
	keys := []binding{
		{keys: []string{"tab"}, show: "tab", help: "focus_next", run: act(func(m *Model) { m.moveFocus(1) })},
		{keys: []string{"shift+tab"}, show: "shift+tab", help: "focus_back", run: act(func(m *Model) { m.moveFocus(-1) })},
		{keys: []string{"/"}, show: "/", help: "filter", run: act(func(m *Model) { m.cur().filtering = true })},
		{keys: []string{"z"}, show: "z", help: "freeze", run: act((*Model).toggleFreeze)},
		{keys: []string{"c"}, show: "c", help: "check", when: hasCard, run: act((*Model).checkCard)},
		{keys: []string{"i"}, show: "i", help: "hint", when: hasCard, run: act((*Model).hintCard)},
		{keys: []string{"e"}, show: "e", help: "export", when: hasExport, run: act((*Model).openExport)},
		{keys: []string{"L"}, show: "L", help: "language", when: hasLanguages, run: act((*Model).nextLanguage)},
		{keys: []string{"m"}, show: "m", help: "mouse", run: (*Model).toggleMouse},
		{keys: []string{"?"}, show: "?", help: "help", run: act((*Model).openHelp)},
		{keys: []string{"q", "esc"}, show: "q", help: "back", run: (*Model).back},
		{keys: []string{"ctrl+c"}, show: "ctrl+c", help: "quit", run: func(*Model) tea.Cmd { return tea.Quit }},
	}
	for i := range 9 {
		n := strconv.Itoa(i + 1)
		keys = append(keys, binding{keys: []string{n}, show: n, help: "lab", when: func(m *Model) bool { return i < len(m.labs) },
			run: act(func(m *Model) { m.show(i) })})
	}
	return keys
}

// act wraps what answers with nothing but a new screen.
func act(do func(*Model)) func(*Model) tea.Cmd {
	return func(m *Model) tea.Cmd {
		do(m)
		return nil
	}
}

func hasCard(m *Model) bool    { return m.cur().entry.Card != nil }
func hasExport(m *Model) bool  { return m.cur().entry.Export != nil }
func hasActions(m *Model) bool { return len(m.cur().spec.Actions) > 0 }
func hasViews(m *Model) bool {
	return m.cur().entry.Picture.Views() > 1 && shapeOf(m.w, m.h) >= compact
}
func hasLanguages(m *Model) bool { return len(m.opt.Texts) > 1 }

// find returns what a key does where the focus is.
func (k keymap) find(focus area, key string) (binding, bool) {
	for _, list := range [][]binding{k.parts[focus], k.everywhere} {
		for _, b := range list {
			for _, name := range b.keys {
				if name == key {
					return b, true
				}
			}
		}
	}
	return binding{}, false
}

// keyName writes keys for people, in their language. Where there are no arrows
// to show, "<" and ">" would be other keys, so that the arrows are named.
func (m *Model) keyName(show string) string {
	if name := "ui.key_name." + show; m.text.Has(name) {
		return m.text.T(name)
	}
	if m.th.Glyph.Set != theme.ASCII {
		return show
	}
	if name, ok := map[string]string{"↑↓": "jk", "←→": "hl"}[show]; ok {
		return name
	}
	return strings.NewReplacer("↑", "up", "↓", "down", "←", "left", "→", "right").Replace(show)
}
