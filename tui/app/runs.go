package app

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

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
	if !v.cardOpen { // else the card says what comes of it
		m.say("ui.captured_a")
	}
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

// nextView shows the picture's next view.
func (m *Model) nextView() {
	v := m.cur()
	v.view, v.table = (v.view+1)%v.entry.Picture.Views(), false
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

func (m *Model) openExport() {
	v := m.cur()
	code := strings.ReplaceAll(v.entry.Export(v.exp.Settings()), "\t", "    ")
	m.overlay = &codePage{
		page: page{title: m.text.T("ui.export.title", m.text.T(v.spec.ID+".name"))},
		code: strings.Split(code, "\n"),
	}
}
