package app

import (
	"errors"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/lab"
	"resilab/tui/pane/generic"
	"resilab/tui/widget"
)

// choose moves the pointer in the knob panel.
func (m *Model) choose(dir int) {
	v := m.cur()
	v.selected = min(len(v.knobs)-1, max(0, v.selected+dir))
}

// chooseGroup moves the pointer to the first knob of the next or the previous group.
func (m *Model) chooseGroup(dir int) {
	v := m.cur()
	var heads []int
	for i, k := range v.knobs {
		if i == 0 || k.Group != v.knobs[i-1].Group {
			heads = append(heads, i)
		}
	}
	if dir < 0 {
		slices.Reverse(heads)
	}
	for _, i := range heads {
		if (i-v.selected)*dir > 0 {
			v.selected = i
			return
		}
	}
}

// step turns the chosen knob.
func (m *Model) step(dir int, coarse bool) {
	v := m.cur()
	if k, ok := v.knob(); ok {
		m.set(k, k.Next(v.exp.Settings()[k.ID], dir, coarse))
	}
}

func (m *Model) toDefault() {
	if k, ok := m.cur().knob(); ok {
		m.set(k, k.Default)
	}
}

// set hands a value to the experiment, which never waits. A refusal is shown
// and changes nothing.
func (m *Model) set(k lab.Knob, value lab.Value) (ok bool) {
	v := m.cur()
	v.problem = ""
	if err := v.exp.Set(k.ID, value); err != nil {
		v.problem = m.refusal(err)
		return false
	}
	return true
}

// refusal says which knob refused which value and what it takes.
func (m *Model) refusal(err error) string {
	var ke *lab.KnobError
	if !errors.As(err, &ke) {
		return err.Error()
	}
	spec := m.cur().spec
	allowed := ke.Allowed
	if k, ok := spec.Knob(ke.Knob); ok && allowed == k.Allowed() { // in the words that the panel shows
		allowed = widget.KnobRange(m.text, spec.ID, k)
	}
	return m.text.T("ui.refused", m.text.T(spec.ID+".knob."+ke.Knob+".name"), shortened(ke.Value), allowed)
}

// shortened leaves room for what is allowed beside a value that goes on and on.
func shortened(value string) string {
	const most = 20
	if runes := []rune(value); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return value
}

// beginTyping opens the chosen knob's value for typing; a switch just turns.
func (m *Model) beginTyping() {
	v := m.cur()
	k, ok := v.knob()
	switch {
	case !ok:
	case k.Kind == lab.Bool:
		m.step(1, false)
	default:
		v.typing, v.problem, v.focus = &field{}, "", onKnobs
	}
}

// typeValue takes keys while a value is typed. A refused value stays as it is,
// to be mended.
func (m *Model) typeValue(msg tea.KeyMsg) {
	v := m.cur()
	k, _ := v.knob()
	switch msg.String() {
	case "esc":
		v.typing, v.problem = nil, ""
	case "enter":
		if strings.TrimSpace(v.typing.text) == "" {
			v.typing, v.problem = nil, ""
			return
		}
		value, err := k.Parse(m.spelled(k, v.typing.text))
		if err != nil {
			v.problem = m.refusal(&lab.KnobError{Knob: k.ID, Value: strings.TrimSpace(v.typing.text), Allowed: k.Allowed()})
			return
		}
		if m.set(k, value) {
			v.typing = nil
		}
	default:
		if v.typing.key(msg) {
			v.problem = ""
		}
	}
}

// spelled turns what a person types into what the knob reads: with or without
// the unit that the screen shows, with a decimal comma as a point, and a part
// of a choice's word for the whole, in either spelling.
func (m *Model) spelled(k lab.Knob, typed string) string {
	typed = strings.TrimSpace(typed)
	switch k.Kind {
	case lab.Int, lab.Float:
		typed = strings.TrimSpace(strings.TrimSuffix(typed, k.Unit))
		return strings.ReplaceAll(typed, ",", ".")
	case lab.Fraction, lab.Duration: // a bare number is in the unit that is shown
		typed = strings.ReplaceAll(typed, ",", ".")
		if strings.Trim(typed, "0123456789.") == "" {
			shown := widget.KnobText(m.text, m.cur().spec.ID, k, m.cur().exp.Settings()[k.ID])
			typed += strings.TrimLeft(shown, "0123456789. ")
		}
		return typed
	}
	return m.choice(k, typed)
}

// choice finds the word that was typed, whole or in part, as long as no other
// could be meant; else it returns what was typed.
func (m *Model) choice(k lab.Knob, typed string) string {
	part := plainLetters(typed)
	for _, fits := range []func(word, part string) bool{strings.EqualFold, strings.HasPrefix, strings.Contains} {
		var found []string
		for _, c := range k.Choices {
			word := widget.KnobText(m.text, m.cur().spec.ID, k, lab.ChoiceValue(c))
			if fits(c, part) || fits(plainLetters(word), part) {
				found = append(found, c)
			}
		}
		if len(found) == 1 {
			return found[0]
		}
	}
	return typed
}

// plainLetters writes a word as it is typed where a keyboard has no accents.
func plainLetters(word string) string {
	return strings.NewReplacer("á", "a", "é", "e", "í", "i", "ó", "o", "ú", "u", "ü", "u", "ñ", "n").Replace(strings.ToLower(word))
}

// panel is the knob panel as it stands.
func (v *labView) panel() generic.Panel {
	p := generic.Panel{Selected: v.selected, Focused: v.focus == onKnobs}
	if v.typing != nil {
		p.Typing, p.Input = true, v.typing.text
	}
	return p
}
