package app

import (
	"time"

	"github.com/charmbracelet/x/ansi"

	"resilab/tui/snapshot"
	"resilab/tui/theme"
)

// savePicture writes the present screen as a picture and as text.
func (m *Model) savePicture() {
	if m.host.save == nil {
		m.host.say("ui.no_files")
		return
	}
	frame := m.draw()
	name := "resilab-" + m.cur().lab.spec.ID + "-" + m.host.now().Format(time.DateOnly+"-150405")
	path, err := m.host.save(name+".svg", []byte(snapshot.SVG(frame, lookOf(m.host.th))))
	if err == nil {
		_, err = m.host.save(name+".txt", []byte(ansi.Strip(frame)+"\n"))
	}
	if err != nil {
		m.host.say("ui.save_failed", err.Error())
		return
	}
	m.host.say("ui.saved", path)
}

// lookOf is the background of a saved picture.
func lookOf(th *theme.Theme) snapshot.Look {
	if th.Light() {
		return snapshot.Light()
	}
	return snapshot.Dark()
}

// nextTheme changes to the next theme.
func (h *host) nextTheme() {
	names := theme.Names()
	for i, name := range names {
		if name == h.th.Name() {
			h.setTheme(names[(i+1)%len(names)])
			return
		}
	}
}

func (h *host) setTheme(name string) {
	h.th = h.th.Named(name)
	h.say("ui.theme_is", h.text.T("ui.theme."+name))
}
