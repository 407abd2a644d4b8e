package generic

import (
	"strings"

	"resilab/labs/lab"
	"resilab/tui/field"
	"resilab/tui/pane"
	"resilab/tui/widget"
)

// Panel is the knob panel: one row a knob, and what the chosen one does.
type Panel struct {
	Selected int
	Focused  bool
	Field    *field.Field // the chosen knob's value while it is typed; else nil
}

const panelHead = 1 // row of the heading

// helpRows are at the bottom of a panel of h rows: one blank, then the help.
func helpRows(h int) int { return min(5, max(3, h/3)) }

// Knobs lists the knobs that the panel shows.
func Knobs(spec *lab.Spec) (knobs []lab.Knob) {
	for _, k := range spec.Knobs {
		if !k.Setup {
			knobs = append(knobs, k)
		}
	}
	return knobs
}

// Rows draws the panel into the frame.
func (p Panel) Rows(f pane.Frame) []string {
	knobs := Knobs(f.Spec)
	first, shown := p.window(len(knobs), f.H)
	rows := make([]string, 0, f.H)
	rows = append(rows, p.heading(f, len(knobs)))
	for i := first; i < first+shown; i++ {
		k := widget.NewKnob(f.Text, f.Spec.ID, knobs[i], f.Settings[knobs[i].ID])
		k.Pointed, k.Idle = i == p.Selected, !f.Spec.Shows(knobs[i], f.Settings)
		k.Focused = k.Pointed && p.Focused
		if k.Pointed && p.Field != nil {
			k.Range = widget.KnobRange(f.Text, f.Spec.ID, knobs[i])
			k.Input = func(l *widget.Line, w int) { p.Field.Draw(l, f.Theme.Text.Strong(), f.Theme.Invert, w) }
		}
		rows = append(rows, k.Row(f.Theme, f.W))
	}
	return widget.Fit(append(rows, p.foot(f, knobs)...), f.W, f.H)
}

// KnobAt returns which knob stands on row y of a panel of h rows.
func (p Panel) KnobAt(spec *lab.Spec, y, h int) (index int, ok bool) {
	first, shown := p.window(len(Knobs(spec)), h)
	index = first + y - panelHead
	return index, y >= panelHead && index < first+shown
}

// window chooses which knobs are shown where not all fit: the chosen one is
// always among them.
func (p Panel) window(count, h int) (first, shown int) {
	room := max(0, h-panelHead)
	if help := helpRows(h); count+panelHead+help > h {
		room = max(min(room, 1), h-panelHead-help)
	}
	shown = min(count, room)
	first = min(max(0, p.Selected-shown/2), count-shown)
	return first, shown
}

func (p Panel) heading(f pane.Frame, count int) string {
	style := f.Theme.Text.Strong()
	if p.Focused {
		style = f.Theme.Focus.Strong()
	}
	l := widget.NewLine(f.Theme, f.W).Put(style, f.Text.T("ui.knobs"))
	if knobs := Knobs(f.Spec); p.Selected >= 0 && p.Selected < len(knobs) && knobs[p.Selected].Group != "" {
		l.Put(f.Theme.Dim, " "+f.Theme.Glyph.Dot+" "+f.Text.T(f.Spec.ID+".group."+knobs[p.Selected].Group))
	}
	if first, shown := p.window(count, f.H); shown < count {
		of := f.Text.T("ui.knobs_of", p.Selected+1, count)
		above := widget.More(first, 0)
		l.To(f.W-widget.Width(of)-widget.Width(above)-1).Put(f.Theme.Accent, above).Right(f.Theme.Dim, of)
	}
	return l.String()
}

// foot says what the chosen knob is.
func (p Panel) foot(f pane.Frame, knobs []lab.Knob) []string {
	if p.Selected >= len(knobs) {
		return nil
	}
	k := knobs[p.Selected]
	lines := widget.Wrap(f.Text.T(f.Spec.ID+".knob."+k.ID+".help"), f.W-2)
	needs := 0
	if !f.Spec.Shows(k, f.Settings) {
		words := widget.Wrap(f.Text.T("ui.shows_with", needed(f, k)), f.W-2)
		lines, needs = append(words, lines...), len(words)
	}
	if most := helpRows(f.H) - 1; len(lines) > most {
		more := f.Text.T("ui.knob_more") // the whole of it is on the help page
		last := widget.Wrap(lines[most-1], max(1, f.W-3-widget.Width(more)))
		lines = append(lines[:most-1:most-1], last[0]+" "+more)
	}
	first, shown := p.window(len(knobs), f.H)
	rows := []string{widget.NewLine(f.Theme, f.W).Right(f.Theme.Accent, widget.More(0, len(knobs)-first-shown)).String()}
	for i, row := range lines {
		style := f.Theme.Dim
		if i < needs {
			style = f.Theme.Accent
		}
		rows = append(rows, widget.NewLine(f.Theme, f.W).Gap(2).Put(style, row).String())
	}
	return rows
}

// needed names the knobs that make another one show.
func needed(f pane.Frame, k lab.Knob) string {
	var names []string
	for _, need := range k.Needs {
		other, _ := f.Spec.Knob(need.Knob)
		if other.Setup {
			continue // it cannot be turned here
		}
		name := f.Text.T(f.Spec.ID + ".knob." + need.Knob + ".name")
		var words []string
		for _, word := range need.Words {
			words = append(words, widget.KnobText(f.Text, f.Spec.ID, other, lab.ChoiceValue(word)))
		}
		if len(words) > 0 {
			name += ": " + strings.Join(words, ", ")
		}
		names = append(names, name)
	}
	return strings.Join(names, f.Text.T("ui.or"))
}
