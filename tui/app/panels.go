package app

import tea "github.com/charmbracelet/bubbletea"

// area is a panel of a lab's screen that keys can go to.
type area int

const (
	onKnobs area = iota
	onTable
	onLog
	onCard
)

// panels are the parts of a lab's screen: where each of them is, and which one
// has the focus.
type panels struct {
	knobs   *knobPanel
	figures *figurePanel
	picture *picturePanel
	log     *logPanel
	card    *cardPanel
	focus   area
	plan    layout
}

// focused is the panel that gets keys first.
func (p *panels) focused() panel {
	switch p.focus {
	case onTable:
		return p.picture
	case onLog:
		return p.log
	case onCard:
		return p.card
	default:
		return p.knobs
	}
}

func (p *panels) setFocus(a area) {
	p.focus = a
	p.knobs.focused, p.picture.focused, p.log.focused, p.card.focused = a == onKnobs, a == onTable, a == onLog, a == onCard
}

func (p *panels) showLog() { p.setFocus(onLog) }

// parts are the panels that the focus can go to, in the order of tab.
func (p *panels) parts() []area {
	parts := []area{onKnobs}
	if p.picture.table {
		parts = append(parts, onTable)
	}
	parts = append(parts, onLog)
	if p.card.open {
		parts = append(parts, onCard)
	}
	return parts
}

// moveFocus goes to the next or the previous part.
func (p *panels) moveFocus(dir int) {
	parts := p.parts()
	for i, a := range parts {
		if a == p.focus {
			p.setFocus(parts[(i+dir+len(parts))%len(parts)])
			return
		}
	}
	p.setFocus(onKnobs)
}

// typing returns the panel that reads text; nil: none does.
func (p *panels) typing() panel {
	switch {
	case p.knobs.value.IsOpen():
		return p.knobs
	case p.log.filter.IsOpen():
		return p.log
	case p.card.typing():
		return p.card
	}
	return nil
}

// arrange gives each panel its rectangle.
func (p *panels) arrange(l layout) {
	p.plan = l
	p.figures.all = l.shape == numbersOnly
	p.knobs.SetRect(l.knobs)
	p.figures.SetRect(l.figures)
	p.picture.SetRect(l.picture)
	p.log.SetRect(l.log)
	p.card.SetRect(l.card)
}

// onMouse chooses what is clicked; the wheel changes knobs and scrolls.
func (p *panels) onMouse(msg tea.MouseMsg) tea.Cmd {
	for _, part := range []struct {
		a     area
		r     Rect
		panel panel
	}{{onKnobs, p.plan.knobs, p.knobs}, {onLog, p.plan.log, p.log}, {onCard, p.plan.card, p.card}, {onTable, p.plan.picture, p.picture}} {
		if !part.r.has(msg.X, msg.Y) {
			continue
		}
		if part.a != onTable || p.picture.table {
			p.setFocus(part.a)
		}
		return part.panel.Update(msg)
	}
	return nil
}
