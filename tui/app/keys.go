package app

import (
	"strconv"

	tea "github.com/charmbracelet/bubbletea"
)

// keys are the keys of the root: they mean the same everywhere.
func (m *Model) keys() []binding {
	several := func() bool { return len(m.opt.Texts) > 1 }
	keys := make([]binding, 0, len(m.labs)+len(m.opt.Keys)+6)
	for i := range min(9, len(m.labs)) {
		n := strconv.Itoa(i + 1)
		keys = append(keys, bind(n, "lab", func() { m.show(i) }, n))
	}
	for _, k := range m.opt.Keys {
		keys = append(keys, bind(k.Key, k.Means, k.Run, k.Key))
	}
	return append(keys,
		bind("L", "language", m.nextLanguage, "L").only(several),
		command("m", "mouse", m.toggleMouse, "m"),
		bind("?", "help", m.openHelp, "?").footer("?", "ui.hint.keys"),
		command("q", "back", m.back, "q", "esc"),
		command("ctrl+z", "suspend", func() tea.Cmd { return tea.Suspend }, "ctrl+z").only(func() bool { return m.opt.Suspend }),
		command("ctrl+c", "quit", func() tea.Cmd { return tea.Quit }, "ctrl+c"))
}
