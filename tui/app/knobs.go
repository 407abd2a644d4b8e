package app

import (
	"maps"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/field"
	"resilab/tui/pane/generic"
	"resilab/tui/theme"
)

// knobPanel shows the lab's settings and changes the chosen one.
type knobPanel struct {
	*host
	lab      *labState
	knobs    []lab.Knob
	rect     Rect
	selected int // index into knobs
	focused  bool
	value    field.Field // the chosen knob's value while it is typed
	problem  string      // why the last value was refused
	drawn    drawnKnobs
	undo     undoStack
	moves    []binding // choose a knob
}

// drawnKnobs is the panel as it was drawn last and all that it depends on. The
// settings change rarely and the figures beside them ten times a second.
type drawnKnobs struct {
	view     string
	rect     Rect
	selected int
	focused  bool
	typing   bool
	text     *i18n.Catalogue
	theme    *theme.Theme
	settings lab.Settings
}

func newKnobPanel(h *host, v *labState) *knobPanel {
	p := &knobPanel{host: h, lab: v, knobs: generic.Knobs(v.spec)}
	p.moves = p.moveKeys()
	return p
}

// SetRect implements panel.
func (p *knobPanel) SetRect(r Rect) { p.rect = r }

// View implements panel.
func (p *knobPanel) View() string {
	now := drawnKnobs{rect: p.rect, selected: p.selected, focused: p.focused, typing: p.value.IsOpen(),
		text: p.text, theme: p.th, settings: p.lab.exp.Settings()}
	if now.typing || !p.drawn.same(now) {
		now.view = filled(p.panel().Rows(p.lab.frame(p.rect)), p.rect.W, p.rect.H)
		p.drawn = now
	}
	return p.drawn.view
}

func (d drawnKnobs) same(now drawnKnobs) bool {
	return d.view != "" && d.rect == now.rect && d.selected == now.selected && d.focused == now.focused && d.typing == now.typing &&
		d.text == now.text && d.theme == now.theme && maps.Equal(d.settings, now.settings)
}

func (p *knobPanel) panel() generic.Panel {
	panel := generic.Panel{Selected: p.selected, Focused: p.focused}
	if p.value.IsOpen() {
		panel.Field = &p.value
	}
	return panel
}

// Keys implements panel.
func (p *knobPanel) Keys() []binding { return p.moves }

// moveKeys makes the keys that choose a knob.
func (p *knobPanel) moveKeys() []binding {
	grouped := func() bool { return len(p.heads()) > 1 }
	return []binding{
		bind("↑ k", "knob_choose", func() { p.choose(-1) }, "up", "k").footer("↑↓", "ui.hint.choose"),
		bind("↓ j", "knob_choose", func() { p.choose(1) }, "down", "j"),
		bind("pgup", "group_choose", func() { p.chooseGroup(-1) }, "pgup").only(grouped),
		bind("pgdn", "group_choose", func() { p.chooseGroup(1) }, "pgdown").only(grouped),
	}
}

// turnKeys makes the keys that change the chosen knob, whichever panel has the
// focus, while the knobs are shown.
func (p *knobPanel) turnKeys() []binding {
	return onlyAll([]binding{
		bind("← h", "step_down", func() { p.step(-1, false) }, "left", "h").footer("←→", "ui.hint.turn"),
		bind("→ l", "step_up", func() { p.step(1, false) }, "right", "l"),
		p.keys.bind("coarse_down", func() { p.step(-1, true) }),
		p.keys.bind("coarse_up", func() { p.step(1, true) }),
		p.keys.bind("default", p.toDefault),
		bind("enter", "type", p.beginTyping, "enter").footer("enter", "ui.hint.type"),
		p.keys.bind("undo", turns{p}.takeBack),
		p.keys.bind("redo", turns{p}.doAgain),
	}, func() bool { return p.rect.H > 0 && len(p.knobs) > 0 })
}

// Update implements panel: keys while a value is typed, and the mouse. A refused
// value stays as it is, to be corrected.
func (p *knobPanel) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.KeyMsg:
		p.typeValue(msg)
	case tea.MouseMsg:
		p.click(msg)
	}
	return nil
}

func (p *knobPanel) typeValue(msg tea.KeyMsg) {
	switch msg.String() {
	case "esc":
		p.stopTyping()
	case "enter":
		p.enter()
	default:
		if p.value.Update(msg) {
			p.problem = ""
		}
	}
}

func (p *knobPanel) stopTyping() {
	p.value.Clear()
	p.problem = ""
}

func (p *knobPanel) click(msg tea.MouseMsg) {
	i, ok := p.panel().KnobAt(p.lab.spec, msg.Y-p.rect.Y, p.rect.H)
	if !ok {
		return
	}
	p.selected = i
	if dir := wheel(msg); dir != 0 {
		p.step(dir, false)
	}
}

// choose moves the pointer.
func (p *knobPanel) choose(dir int) { p.selected = max(0, min(len(p.knobs)-1, p.selected+dir)) }

// chooseGroup moves the pointer to the first knob of the next or the previous group.
func (p *knobPanel) chooseGroup(dir int) {
	heads := p.heads()
	if dir < 0 {
		slices.Reverse(heads)
	}
	for _, i := range heads {
		if (i-p.selected)*dir > 0 {
			p.selected = i
			return
		}
	}
}

// heads are the indexes of the first knob of each group.
func (p *knobPanel) heads() (heads []int) {
	for i, k := range p.knobs {
		if i == 0 || k.Group != p.knobs[i-1].Group {
			heads = append(heads, i)
		}
	}
	return heads
}

// knob returns the chosen knob; ok is false for a lab without any.
func (p *knobPanel) knob() (k lab.Knob, ok bool) {
	if len(p.knobs) == 0 {
		return lab.Knob{}, false
	}
	return p.knobs[p.selected], true
}

// step changes the chosen knob by one step.
func (p *knobPanel) step(dir int, coarse bool) {
	if k, ok := p.knob(); ok {
		p.set(k, p.lab.exp.Spec().Step(p.lab.exp.Settings(), k.ID, dir, coarse))
	}
}

func (p *knobPanel) toDefault() {
	if k, ok := p.knob(); ok {
		p.set(k, k.Default)
	}
}

// set passes a value to the experiment, which never waits. A refusal is shown
// and changes nothing.
func (p *knobPanel) set(k lab.Knob, value lab.Value) (ok bool) {
	p.problem = ""
	before := p.lab.exp.Settings()
	if err := p.lab.exp.Set(k.ID, value); err != nil {
		p.problem = p.refusal(err)
		return false
	}
	p.undo.record(before, p.lab.exp.Settings(), p.now())
	return true
}

// beginTyping opens the chosen knob's value for typing; a switch just changes.
func (p *knobPanel) beginTyping() {
	k, ok := p.knob()
	switch {
	case !ok:
	case k.Kind == lab.Bool:
		p.step(1, false)
	default:
		p.value.Open("")
		p.problem = ""
	}
}

// enter sets what has been typed.
func (p *knobPanel) enter() {
	k, _ := p.knob()
	typed := strings.TrimSpace(p.value.Text())
	if typed == "" {
		p.stopTyping()
		return
	}
	value, err := k.Parse(p.spelled(k, typed))
	if err != nil {
		p.problem = p.refusal(&lab.KnobError{Knob: k.ID, Value: typed, Allowed: k.Allowed()})
		return
	}
	if p.set(k, value) {
		p.value.Clear()
	}
}
