package app

import (
	"strconv"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/tui/theme"
	"resilab/tui/widget"
)

// tabs are the labs, which one of them is shown, and which have been started.
type tabs struct {
	host    *host
	labs    []*labScreen
	active  int // index into labs
	starter *starter
	begun   []bool // which labs have been started
	away    bool   // nobody sees the lab that is shown
}

// tabsStart is the column of the first tab.
const tabsStart = 10

// cur is the lab that is shown.
func (t *tabs) cur() *labScreen { return t.labs[t.active] }

// show brings a lab to the front.
func (t *tabs) show(i int) {
	if i < len(t.labs) {
		t.active = i
		t.cur().observe()
	}
}

// goToCard brings the lab of a card to the front, with the card open.
func (t *tabs) goToCard(id string) {
	for i, s := range t.labs {
		if s.card.card != nil && s.card.card.Show(id) {
			t.cur().setFocus(onKnobs)
			t.show(i)
			s.openCard()
			return
		}
	}
}

// startNext starts the next lab that has not been started: the one that is shown
// first, then the others one by one.
func (t *tabs) startNext() tea.Cmd {
	order := append([]int{t.active}, indexes(len(t.labs))...)
	for _, i := range order {
		if !t.begun[i] {
			t.begun[i] = true
			return t.startLab(i)
		}
	}
	return nil
}

// startLab is a command that starts lab i.
func (t *tabs) startLab(i int) tea.Cmd {
	exp := t.labs[i].lab.exp
	return func() tea.Msg {
		if !t.starter.begin() {
			return nil
		}
		defer t.starter.end()
		return started{i, start(t.starter.ctx, exp)}
	}
}

// onStarted notes how a start went, and starts the next lab.
func (t *tabs) onStarted(msg started) tea.Cmd {
	t.labs[msg.lab].lab.failed = msg.err
	t.labs[msg.lab].observe()
	t.host.changed()
	return t.startNext()
}

// observeHidden looks at the labs in other tabs; only trouble shows there.
func (t *tabs) observeHidden() (changed bool) {
	for _, s := range t.labs {
		if s == t.cur() || s.lab.rests() {
			continue
		}
		was := s.lab.alarm()
		s.observe()
		changed = changed || s.lab.alarm() != was
	}
	return changed
}

// labels are the labels of the labs, as wide as they are drawn.
func (t *tabs) labels() (labels []string) {
	for i, s := range t.labs {
		label := strconv.Itoa(i+1) + " " + t.host.text.T(s.lab.spec.ID+".name")
		if s.lab.alarm() {
			label += " !"
		}
		if i == t.active && t.host.th.Level == theme.Plain {
			label = "[" + label + "]" // where nothing can be shown inverted
		} else {
			label = " " + label + " "
		}
		labels = append(labels, label)
	}
	return labels
}

// row shows the tabs, and the brokers in use beside them.
func (t *tabs) row(w int) string {
	th := t.host.th
	l := t.host.line(w).Gap(1).Put(th.Accent.Strong(), "resilab").To(tabsStart)
	for i, label := range t.labels() {
		style := th.Dim
		switch {
		case i == t.active:
			style = th.Invert.Strong()
		case t.labs[i].lab.alarm():
			style = th.Bad
		}
		l.Put(style, label).Gap(1)
	}
	if right := t.cur().status().brokers(); widget.Width(right)+3 <= l.Left() {
		l.To(w-1-widget.Width(right)).Put(th.Dim, right)
	}
	return l.String()
}

// tabAt returns the tab at column x.
func (t *tabs) tabAt(x int) (index int, ok bool) {
	at := tabsStart
	for i, label := range t.labels() {
		if x >= at && x < at+widget.Width(label) {
			return i, true
		}
		at += widget.Width(label) + 1
	}
	return 0, false
}
