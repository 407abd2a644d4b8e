package app

import (
	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
)

// binding is what some keys do in one place. Help and footer are made of it.
//
// bubbles' help is not used for them: its short form drops the last key, which
// leads to all others, and it measures through Lip Gloss on every frame.
type binding struct {
	key.Binding
	when func() bool    // nil: always
	run  func() tea.Cmd // what the keys do
	foot footKey
}

// footKey is how a binding stands in the footer. Show is how its keys are
// written, means the catalogue's key of a short word for what they do.
type footKey struct{ show, means string }

// bind returns a binding. show is how the keys are written for people, means the
// catalogue's key of what they do, below ui.key.
func bind(show, means string, run func(), keys ...string) binding {
	return command(show, means, func() tea.Cmd {
		run()
		return nil
	}, keys...)
}

// command is bind for keys that lead to a command.
func command(show, means string, run func() tea.Cmd, keys ...string) binding {
	return binding{Binding: key.NewBinding(key.WithKeys(keys...), key.WithHelp(show, "ui.key."+means)), run: run}
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
	b.foot = footKey{show, means}
	return b
}

// applies reports whether the keys do anything here.
func (b binding) applies() bool { return b.when == nil || b.when() }

// only makes all bindings of a list apply only when a condition holds.
func onlyAll(list []binding, when func() bool) []binding {
	out := make([]binding, len(list))
	for i, b := range list {
		out[i] = b.only(when)
	}
	return out
}

// find returns the binding of a key that applies.
func find(lists [][]binding, msg tea.KeyMsg) (binding, bool) {
	for _, list := range lists {
		for _, b := range list {
			if key.Matches(msg, b.Binding) && b.applies() {
				return b, true
			}
		}
	}
	return binding{}, false
}

// hint is a key with a word for what it does, in the footer.
type hint struct{ show, words string }

// hintsOf returns the footer's keys of the bindings that do what is listed, in
// the order of the list, as far as they apply. Means are those of ui.key.
func (h *host) hintsOf(lists [][]binding, order ...string) (hints []hint) {
	for _, means := range order {
		if b, ok := meaning(lists, "ui.key."+means); ok {
			hints = append(hints, hint{b.foot.show, h.text.T(b.foot.means)})
		}
	}
	return hints
}

// meaning returns the first binding for the footer that does something.
func meaning(lists [][]binding, means string) (binding, bool) {
	for _, list := range lists {
		for _, b := range list {
			if b.Help().Desc == means && b.foot.show != "" && b.applies() {
				return b, true
			}
		}
	}
	return binding{}, false
}
