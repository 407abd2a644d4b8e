package widget

import (
	"strconv"
	"strings"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/theme"
)

// Columns of a knob's row.
const (
	knobPointer = 2
	knobName    = 16
	knobValue   = 8
	knobRange   = 6 // a range narrower than this is not worth drawing and is left out
)

// Knob is one row of the knob panel.
type Knob struct {
	Knob    lab.Knob
	Name    string
	Value   lab.Value
	Word    string // the value as the catalogue says it
	Idle    bool   // turning it shows nothing for now
	Pointed bool   // the row that keys act on
	Focused bool   // and the panel has the keys
	// Input draws what is being typed in place of the value; nil: nothing is.
	Input func(l *Line, w int)
	Range string // what may be typed
}

// NewKnob fills in what the catalogue says.
func NewKnob(text *i18n.Catalogue, labID string, k lab.Knob, v lab.Value) Knob {
	return Knob{Knob: k, Name: text.T(labID + ".knob." + k.ID + ".name"), Value: v, Word: KnobText(text, labID, k, v)}
}

// KnobText writes a knob's value for people; what it writes can be typed.
func KnobText(text *i18n.Catalogue, labID string, k lab.Knob, v lab.Value) string {
	switch k.Kind {
	case lab.Choice:
		key := labID + ".choice." + k.ID + "." + v.Text()
		if text.Has(key) {
			return text.T(key)
		}
		return v.Text()
	case lab.Bool:
		return text.T("ui.switch." + v.String())
	case lab.Duration:
		return i18n.WriteDuration(v.Duration())
	case lab.Fraction:
		return strconv.FormatFloat(v.Float()*100, 'g', 4, 64) + " %"
	}
	if k.Unit != "" {
		return v.String() + " " + k.Unit
	}
	return v.String()
}

// KnobRange writes what a knob takes, in the words and the unit of KnobText.
func KnobRange(text *i18n.Catalogue, labID string, k lab.Knob) string {
	switch k.Kind {
	case lab.Choice:
		words := make([]string, len(k.Choices))
		for i, c := range k.Choices {
			words[i] = KnobText(text, labID, k, lab.ChoiceValue(c))
		}
		return strings.Join(words, ", ")
	case lab.Int, lab.Float, lab.Fraction:
		least, unit, _ := strings.Cut(KnobText(text, labID, k, k.Min), " ")
		most, _, _ := strings.Cut(KnobText(text, labID, k, k.Max), " ")
		return strings.TrimSpace(least + ".." + most + " " + unit)
	case lab.Duration:
		return KnobText(text, labID, k, k.Min) + ".." + KnobText(text, labID, k, k.Max)
	}
	return k.Allowed()
}

// Row draws the knob into one row of w cells: pointer, name, value, a mark
// when it differs from its default, and its position in the range.
func (k Knob) Row(th *theme.Theme, w int) string {
	l := NewLine(th, w)
	name, value := th.Text, th.Text
	if k.Idle {
		name, value = th.Dim, th.Dim
	}
	if k.Pointed {
		name, value = th.Text.Strong(), th.Text.Strong()
		if k.Focused { // one pointer on the screen: where the keys go
			l.Put(th.Focus.Strong(), th.Glyph.Pointer)
		}
	}
	l.To(knobPointer)
	if k.Input != nil {
		l.Cell(name, k.Name, max(6, min(knobName, w-knobPointer-knobValue-3))).Gap(1)
		k.input(l)
		return l.String()
	}
	l.Cell(name, k.Name, k.start(w)-1-knobPointer).Gap(1)
	if l.Put(value, k.Word); k.Knob.Kind == lab.Choice || k.Knob.Kind == lab.Bool {
		k.choice(l)
	} else {
		k.number(l, value)
	}
	return l.String()
}

// start is the column where the value begins in a row of w cells. Short values end
// in one column; a long name takes what they leave of it. A long value begins
// behind a long name, or further to the left where it would not fit.
func (k Knob) start(w int) int {
	column := knobPointer + max(6, min(knobName, w-knobPointer-knobValue-3)) + 1
	if word := Width(k.Word); word < knobValue {
		column += knobValue - word
	} else {
		column = min(max(column, knobPointer+Width(k.Name)+1), w-1-word)
	}
	return max(column, knobPointer+4)
}

func focusStyle(th *theme.Theme, focused bool, otherwise theme.Style) theme.Style {
	if focused {
		return th.Focus.Strong()
	}
	return otherwise
}

func (k Knob) changed(l *Line) {
	if k.Value != k.Knob.Default {
		l.Put(l.th.Warn, l.th.Glyph.Changed)
		return
	}
	l.Gap(1)
}

// number shows the place of the value in the range.
func (k Knob) number(l *Line, style theme.Style) {
	k.changed(l)
	l.Gap(1)
	if l.Left() < knobRange {
		return
	}
	if k.Pointed {
		style = focusStyle(l.th, k.Focused, style)
	}
	l.Range(style, k.Knob.Position(k.Value), k.Knob.Position(k.Knob.Default), l.Left())
}

// choice shows which of how many the word is; nothing for a switch.
func (k Knob) choice(l *Line) {
	k.changed(l)
	if k.Knob.Kind == lab.Bool || l.Left() < 6 {
		return
	}
	for i, c := range k.Knob.Choices {
		if c == k.Value.Text() {
			l.Right(l.th.Dim, strconv.Itoa(i+1)+"/"+strconv.Itoa(len(k.Knob.Choices)))
		}
	}
}

// input shows what is typed with the cursor, and what is allowed.
func (k Knob) input(l *Line) {
	l.Gap(1)
	k.Input(l, l.Left())
	if Width(k.Range)+1 <= l.Left() {
		l.Right(l.th.Dim, k.Range)
	}
}
