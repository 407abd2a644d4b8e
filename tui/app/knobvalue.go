package app

import (
	"errors"
	"strings"

	"resilab/labs/lab"
	"resilab/tui/widget"
)

// refusal says which knob refused which value and what it takes.
func (p *knobPanel) refusal(err error) string {
	var ke *lab.KnobError
	if !errors.As(err, &ke) {
		return err.Error()
	}
	spec := p.lab.spec
	allowed := ke.Allowed
	if k, ok := spec.Knob(ke.Knob); ok && allowed == k.Allowed() { // in the words that the panel shows
		allowed = widget.KnobRange(p.text, spec.ID, k)
	}
	return p.text.T("ui.refused", p.text.T(spec.ID+".knob."+ke.Knob+".name"), shortened(ke.Value), allowed)
}

// shortened cuts a long value, so that what is allowed stays visible beside it.
func shortened(value string) string {
	const most = 20
	if runes := []rune(value); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return value
}

// spelled turns what a person types into what the knob reads: with or without
// the unit that the screen shows, with a decimal comma as a point, and a part
// of a choice's word for the whole, in either spelling.
func (p *knobPanel) spelled(k lab.Knob, typed string) string {
	switch k.Kind {
	case lab.Int, lab.Float:
		typed = strings.TrimSpace(strings.TrimSuffix(typed, k.Unit))
		return strings.ReplaceAll(typed, ",", ".")
	case lab.Fraction, lab.Duration: // a number alone is in the unit that is shown
		typed = strings.NewReplacer(",", ".", " ", "", "min", "m").Replace(typed)
		if strings.Trim(typed, "0123456789.") == "" {
			shown := widget.KnobText(p.text, p.lab.spec.ID, k, p.lab.exp.Settings()[k.ID])
			typed += strings.TrimSuffix(strings.TrimLeft(shown, "0123456789. "), "in")
		}
		return typed
	}
	return p.choice(k, typed)
}

// choice returns the choice whose word was typed, whole or in part, as long as no
// other could be meant; else it returns what was typed.
func (p *knobPanel) choice(k lab.Knob, typed string) string {
	part := plainLetters(typed)
	for _, fits := range []func(word, part string) bool{strings.EqualFold, strings.HasPrefix, strings.Contains} {
		var found []string
		for _, c := range k.Choices {
			word := widget.KnobText(p.text, p.lab.spec.ID, k, lab.ChoiceValue(c))
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
