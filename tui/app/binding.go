package app

import (
	"slices"

	tea "github.com/charmbracelet/bubbletea"
)

// binding is what some keys do in one place. Help, footer and palette are made of
// it. Bindings are made once for each panel; what changes is asked for when it is
// needed.
//
// bubbles' help is not used for them: its short form drops the last key, which
// leads to all others, and it measures through Lip Gloss on every frame.
type binding struct {
	action
	means string         // the catalogue's key of what the keys do
	when  func() bool    // nil: always
	run   func() tea.Cmd // what the keys do
	foot  footKey
}

// footKey is how a binding stands in the footer: how its keys are written, and the
// catalogue's key of a short word for what they do, now. No show or no word: it
// does not stand there.
type footKey struct {
	show  string
	means func() string
}

// bind returns a binding. show is how the keys are written for people, id the
// catalogue's key of what they do, below ui.key.
func bind(show, id string, run func(), keys ...string) binding {
	return command(show, id, func() tea.Cmd {
		run()
		return nil
	}, keys...)
}

// command is bind for keys that lead to a command.
func command(show, id string, run func() tea.Cmd, keys ...string) binding {
	return binding{action: action{id, show, keys}, means: "ui.key." + id, run: run}
}

// bind returns the binding of an action.
func (m Keymap) bind(id string, run func()) binding {
	a := m.of(id)
	return bind(a.show, id, run, a.keys...)
}

// command is bind for an action that leads to a command.
func (m Keymap) command(id string, run func() tea.Cmd) binding {
	a := m.of(id)
	return command(a.show, id, run, a.keys...)
}

// only makes a binding apply only when a condition holds.
func (b binding) only(when func() bool) binding {
	if was := b.when; was != nil {
		b.when = func() bool { return was() && when() }
	} else {
		b.when = when
	}
	return b
}

// footer makes a binding one for the footer.
func (b binding) footer(show, means string) binding {
	return b.footerNow(show, func() string { return means })
}

// hinted makes a binding one for the footer, with its keys as they are.
func (b binding) hinted(means string) binding { return b.footer(b.show, means) }

// footerNow is footer for a word that depends on what the keys do now.
func (b binding) footerNow(show string, means func() string) binding {
	b.foot = footKey{show, means}
	return b
}

// word is the catalogue's key of the footer's word; empty: the binding does not
// stand there.
func (b *binding) word() string {
	if b.foot.means == nil {
		return ""
	}
	return b.foot.means()
}

// applies reports whether the keys do anything here.
func (b *binding) applies() bool { return b.when == nil || b.when() }

// onlyAll makes all bindings of a list apply only when a condition holds.
func onlyAll(list []binding, when func() bool) []binding {
	for i, b := range list {
		list[i] = b.only(when)
	}
	return list
}

// find returns the binding of a key that applies; nil: there is none.
func find(lists [][]binding, msg tea.KeyMsg) *binding {
	pressed := msg.String()
	for _, list := range lists {
		for i := range list {
			if slices.Contains(list[i].keys, pressed) && list[i].applies() {
				return &list[i]
			}
		}
	}
	return nil
}

// hint is a key with a word for what it does, in the footer.
type hint struct{ show, words string }

// hintsOf appends the footer's keys of the bindings that do what is listed, in the
// order of the list, as far as they apply.
func (h *host) hintsOf(hints []hint, lists [][]binding, order ...string) []hint {
	for _, id := range order {
		if b := doing(lists, id); b != nil {
			hints = append(hints, hint{b.foot.show, h.text.T(b.word())})
		}
	}
	return hints
}

// doing returns the first binding for the footer that does something; nil: there
// is none.
func doing(lists [][]binding, id string) *binding {
	for _, list := range lists {
		for i := range list {
			if list[i].id == id && list[i].word() != "" && list[i].applies() {
				return &list[i]
			}
		}
	}
	return nil
}
