package app

import (
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/i18n"
	"resilab/tui/input"
)

// Size of a terminal that does not say its own: a container's, a serial line's.
const defaultW, defaultH = 80, 24

// Update implements tea.Model.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	was := m.host.revision
	cmd := m.dispatch(msg)
	if m.opt.Rest {
		m.tabs.rest(m.host.now())
	}
	if m.host.revision != was {
		m.arrange()
	}
	return m, cmd
}

func (m *Model) dispatch(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tick:
		return m.onTick(msg)
	case started:
		return m.onStarted(msg)
	case OpenCardMsg, HintMsg:
		return m.onOrder(msg)
	case AwayMsg:
		m.away = bool(msg)
	case tea.WindowSizeMsg:
		m.host.changed()
		return m.resize(msg)
	case tea.KeyMsg:
		m.host.changed()
		if m.tour != nil {
			return tea.Batch(m.clock.wake(), m.endTour(msg))
		}
		return tea.Batch(m.clock.wake(), m.onKeys(msg))
	case tea.MouseMsg:
		m.host.changed()
		return tea.Batch(m.clock.wake(), m.onMouse(msg))
	}
	return nil
}

// resize takes the terminal's size. The first one starts the labs, so that the
// first frame does not wait for any of them.
func (m *Model) resize(msg tea.WindowSizeMsg) tea.Cmd {
	first := m.w == 0
	switch {
	case msg.Width > 0 && msg.Height > 0:
		m.w, m.h = msg.Width, msg.Height
	case first:
		m.w, m.h = defaultW, defaultH
	}
	if !first {
		return nil
	}
	return m.startNext()
}

// arrange divides the screen and gives each panel its part.
func (m *Model) arrange() {
	s := m.cur()
	want := s.demand()
	want.overlay = m.host.overlay != nil
	if m.w > 0 {
		want.title = len(chrome{m}.titleRows(m.w))
	}
	m.plan = plan(m.w, m.h, want)
	s.arrange(m.plan)
	if o := m.host.overlay; o != nil {
		o.SetRect(m.plan.body)
	}
}

// onKeys takes keys one by one. What arrived together with a key that opens a
// question does not answer it.
func (m *Model) onKeys(msg tea.KeyMsg) tea.Cmd {
	var cmds []tea.Cmd
	for _, key := range input.Keys(msg) {
		was := m.host.overlay
		cmds = append(cmds, m.onKey(key))
		if _, asks := m.host.overlay.(*confirmation); asks && m.host.overlay != was {
			break
		}
		if m.host.overlay != was || m.cur().typing() != nil { // the next key may be for what has just opened
			m.arrange()
		}
	}
	return tea.Batch(cmds...)
}

// onKey decides what a key means, in one order: an overlay has it first, then
// what is being typed, then the focused panel's own keys, then those of the lab,
// then those that mean the same everywhere. A paste is text or nothing.
func (m *Model) onKey(msg tea.KeyMsg) tea.Cmd {
	s := m.cur()
	if msg.Type == tea.KeyCtrlC {
		return tea.Quit
	}
	if s.card.open {
		s.card.card.Touch()
	}
	if m.plan.shape == tooSmall {
		return nil // nothing that a key acts on is seen
	}
	if o := m.host.overlay; o != nil { // a paste is none of its keys; a search field takes it
		return o.Update(msg)
	}
	if field := s.typing(); field != nil {
		return field.Update(msg)
	}
	if msg.Paste {
		return nil
	}
	if cmd, found := s.Update(msg); found {
		return cmd
	}
	return press(m.keys, msg)
}

func (m *Model) nextLanguage() {
	langs := i18n.Langs()
	i := slices.Index(langs, m.host.text.Lang())
	for range langs {
		i = (i + 1) % len(langs)
		if next, ok := m.opt.Texts[langs[i]]; ok {
			m.host.text, m.host.notice, m.host.names = next, notice{}, nil
			return
		}
	}
}

// back closes what was opened last; where nothing is open it leaves.
func (m *Model) back() tea.Cmd {
	if m.cur().back() {
		return nil
	}
	if !slices.ContainsFunc(m.labs, func(s *labScreen) bool { return s.lab.running() }) {
		return tea.Quit
	}
	m.host.ask(m.host.text.T("ui.confirm.quit"), func() tea.Cmd { return tea.Quit })
	return nil
}
