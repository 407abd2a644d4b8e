package app

import (
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/lab"
	"resilab/tui/field"
	"resilab/tui/pane/generic"
	"resilab/tui/widget"
)

// wheelRows is how far the mouse wheel scrolls.
const wheelRows = 3

// logPanel shows the lab's events.
type logPanel struct {
	*host
	lab     *labState
	rect    Rect
	focused bool
	filter  field.Field
	notable bool        // only events that are not routine
	frozen  []lab.Event // the log as it was when it was frozen; nil: it flows
	back    int         // how far the log is scrolled back
	scrolls []binding
}

func newLogPanel(h *host, v *labState) *logPanel {
	p := &logPanel{host: h, lab: v}
	p.scrolls = scrollKeys("log_scroll", func(rows int) { p.move(-rows) }, p.page)
	return p
}

// SetRect implements panel.
func (p *logPanel) SetRect(r Rect) { p.rect = r }

// View implements panel.
func (p *logPanel) View() string {
	return filled(p.log().Rows(p.lab.frame(p.rect)), p.rect.W, p.rect.H)
}

// Keys implements panel.
func (p *logPanel) Keys() []binding { return p.scrolls }

// logKeys makes the keys that act on the log whichever panel has the focus. show brings the log to
// the screen where it is hidden: no key acts on what is not seen.
func (p *logPanel) logKeys(show func()) []binding {
	return []binding{
		p.keys.bind("filter", func() { show(); p.filter.Open(p.filter.Text()) }).hinted("ui.hint.filter"),
		p.keys.bind("notable", func() { show(); p.notable, p.back = !p.notable, 0 }).hinted("ui.hint.notable"),
		p.keys.bind("freeze", func() { show(); p.toggleFreeze() }).hinted("ui.hint.freeze"),
	}
}

// Update implements panel: keys while the filter is typed, and the wheel.
func (p *logPanel) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.KeyMsg:
		p.typeFilter(msg)
	case tea.MouseMsg:
		if dir := wheel(msg); dir != 0 {
			p.move(wheelRows * dir)
		}
	}
	return nil
}

func (p *logPanel) typeFilter(msg tea.KeyMsg) {
	switch msg.String() {
	case "esc":
		p.filter.Clear()
	case "enter":
		p.filter.Close()
	default:
		p.filter.Update(msg)
	}
	p.back = 0
}

// events are what the log shows: the newest, or those it was frozen with.
func (p *logPanel) events() []lab.Event {
	if p.frozen != nil {
		return p.frozen
	}
	if p.lab.snap == nil {
		return nil
	}
	return p.lab.snap.Events
}

func (p *logPanel) log() generic.Log {
	began := time.Duration(0)
	if p.lab.snap != nil {
		began = p.lab.snap.Began
	}
	return generic.Log{Log: widget.Log{Events: p.events(), Began: began, Filter: p.filter.Text(), Notable: p.notable, Back: p.back},
		Focused: p.focused, Frozen: p.frozen != nil, Field: &p.filter}
}

// toggleFreeze holds the log still, or lets it flow again.
func (p *logPanel) toggleFreeze() {
	if p.frozen == nil && p.lab.snap != nil {
		p.frozen = append([]lab.Event{}, p.lab.snap.Events...)
		return
	}
	p.flow()
}

func (p *logPanel) flow() { p.frozen, p.back = nil, 0 }

// move scrolls back by rows; scrolling back freezes the log, so that it stays put.
func (p *logPanel) move(rows int) {
	if rows > 0 && p.frozen == nil {
		p.toggleFreeze()
	}
	matching := p.log().Matching(p.text)
	p.back = max(0, min(p.back+rows, len(matching)-p.page()))
	if p.back == 0 && rows < 0 {
		p.frozen = nil
	}
}

// page is how many events the log shows at once.
func (p *logPanel) page() int { return max(1, p.rect.H-1) }
