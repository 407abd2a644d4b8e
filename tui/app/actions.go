package app

import (
	"errors"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/pane/generic"
	"resilab/tui/widget"
)

// show brings a lab to the front.
func (m *Model) show(i int) {
	if i < len(m.labs) {
		m.active = i
		m.cur().observe(m.opt.Now())
	}
}

// moveFocus goes round the parts that are there.
func (m *Model) moveFocus(dir int) {
	parts := []area{onKnobs, onLog}
	v := m.cur()
	if v.cardOpen {
		parts = append(parts, onCard)
	}
	i := max(0, slices.Index(parts, v.focus))
	v.focus = parts[(i+dir+len(parts))%len(parts)]
}

// choose moves the pointer in the knob panel.
func (m *Model) choose(dir int) {
	v := m.cur()
	v.selected = min(len(v.knobs)-1, max(0, v.selected+dir))
	v.problem = ""
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
	v.problem = ""
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
	return m.text.T("ui.refused", m.text.T(m.cur().spec.ID+".knob."+ke.Knob+".name"), ke.Value, ke.Allowed)
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
		v.typing, v.problem, v.focus = &input{}, "", onKnobs
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
			v.problem = m.refusal(err)
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

// spelled turns what a person types into what the knob reads: without the
// unit that the screen shows, with a decimal comma as a point, and the first
// letters of a choice for the whole word, in either spelling.
func (m *Model) spelled(k lab.Knob, typed string) string {
	typed = strings.TrimSpace(typed)
	if k.Unit != "" {
		typed = strings.TrimSpace(strings.TrimSuffix(typed, k.Unit))
	}
	if k.Kind != lab.Choice {
		return strings.ReplaceAll(typed, ",", ".")
	}
	var found []string
	for _, c := range k.Choices {
		word := widget.KnobText(m.text, m.cur().spec.ID, k, lab.ChoiceValue(c))
		if strings.EqualFold(c, typed) || strings.EqualFold(word, typed) {
			return c
		}
		if hasPrefixFold(c, typed) || hasPrefixFold(word, typed) {
			found = append(found, c)
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	return typed
}

func hasPrefixFold(s, prefix string) bool {
	return strings.HasPrefix(strings.ToLower(s), strings.ToLower(prefix))
}

func (m *Model) togglePause() {
	m.cur().exp.TogglePause()
}

func (m *Model) changeSpeed(dir int) {
	m.cur().exp.ChangeSpeed(dir)
}

// captureA keeps the run as A, and its charts as the ghost of later ones.
func (m *Model) captureA() {
	v := m.cur()
	if v.snap == nil {
		return
	}
	v.exp.CaptureA()
	v.history.KeepGhost()
	m.say("ui.captured_a")
}

// captureB keeps the run as B and shows both side by side.
func (m *Model) captureB() {
	v := m.cur()
	if v.snap == nil {
		return
	}
	v.exp.CaptureB()
	if a, _ := v.exp.Captured(); a == nil {
		m.say("ui.captured_b_first")
		return
	}
	v.table = true
	m.say("ui.captured_b")
}

// askReset asks before everything of the run is lost.
func (m *Model) askReset() {
	v := m.cur()
	m.confirm(m.text.T("ui.confirm.reset", m.text.T(v.spec.ID+".name")), func(m *Model) tea.Cmd {
		defaults := v.exp.Settings()
		for _, k := range v.knobs { // what was set up at the start stays
			defaults = defaults.With(k.ID, k.Default)
		}
		if err := v.exp.SetAll(defaults); err != nil {
			v.problem = m.refusal(err)
			return nil
		}
		v.exp.Restart()
		v.problem, v.frozen, v.back = "", nil, 0
		m.say("ui.restarting")
		return nil
	})
}

func (m *Model) nextLanguage() {
	langs := i18n.Langs()
	i := slices.Index(langs, m.text.Lang())
	for range langs {
		i = (i + 1) % len(langs)
		if next, ok := m.opt.Texts[langs[i]]; ok {
			m.text, m.notice = next, notice{}
			m.cur().problem = ""
			return
		}
	}
}

func (m *Model) openExport() {
	v := m.cur()
	m.overlay = &page{title: m.text.T("ui.export.title", m.text.T(v.spec.ID+".name")),
		rows: strings.Split(v.entry.Export(v.exp.Settings()), "\n")}
}

// checkCard opens the course card, or checks it where it is open.
func (m *Model) checkCard() {
	v := m.cur()
	if !v.cardOpen {
		v.cardOpen, v.focus = true, onCard
		return
	}
	v.entry.Card.Check(m.paneFrame(Rect{}))
}

func (m *Model) hintCard() {
	v := m.cur()
	v.cardOpen = true
	v.entry.Card.Hint(m.paneFrame(Rect{}))
}

// back closes what was opened last; where nothing is open it leaves.
func (m *Model) back() tea.Cmd {
	v := m.cur()
	switch {
	case v.table:
		v.table = false
	case v.filter.text != "":
		v.filter.text, v.back = "", 0
	case v.frozen != nil:
		m.toggleFreeze()
	case v.cardOpen:
		v.cardOpen, v.focus = false, onKnobs
	case v.focus != onKnobs:
		v.focus = onKnobs
	case slices.ContainsFunc(m.labs, (*labView).running):
		m.confirm(m.text.T("ui.confirm.quit"), func(*Model) tea.Cmd { return tea.Quit })
	default:
		return tea.Quit
	}
	return nil
}

// typeFilter takes keys while the log's filter is typed.
func (m *Model) typeFilter(msg tea.KeyMsg) {
	v := m.cur()
	switch msg.String() {
	case "esc":
		v.filter.text, v.filtering = "", false
	case "enter":
		v.filtering = false
	default:
		v.filter.key(msg)
	}
	v.back = 0
}

// toggleFreeze holds the log still, or lets it flow again.
func (m *Model) toggleFreeze() {
	v := m.cur()
	if v.frozen == nil && v.snap != nil {
		v.frozen = append([]lab.Event{}, v.snap.Events...)
		return
	}
	v.frozen, v.back = nil, 0
}

// scroll moves the log; scrolling back freezes it, so that it stays put.
func (m *Model) scroll(dir int) {
	v := m.cur()
	if dir > 0 && v.frozen == nil {
		m.toggleFreeze()
	}
	matching := widget.Log{Events: v.events(), Filter: v.filter.text}.Matching(m.text)
	v.back = max(0, min(v.back+dir, len(matching)-m.logPage()))
	if v.back == 0 && dir < 0 {
		v.frozen = nil
	}
}

// logPage is how many events the log shows at once.
func (m *Model) logPage() int { return max(1, m.layout().log.H-1) }

// panel is the knob panel as it stands.
func (v *labView) panel() generic.Panel {
	p := generic.Panel{Selected: v.selected, Focused: v.focus == onKnobs}
	if v.typing != nil {
		p.Typing, p.Input = true, v.typing.text
	}
	return p
}
