package app

import (
	"strconv"

	tea "github.com/charmbracelet/bubbletea"
)

// rootKeys makes the keys of the root: they mean the same everywhere.
func (m *Model) rootKeys() []binding {
	several := func() bool { return len(m.opt.Texts) > 1 }
	keys := m.host.keys
	list := make([]binding, 0, len(m.labs)+len(m.opt.Keys)+8)
	for i := range min(9, len(m.labs)) {
		n := strconv.Itoa(i + 1)
		list = append(list, bind(n, "lab", func() { m.show(i) }, n))
	}
	for _, k := range m.opt.Keys {
		list = append(list, bind(k.Key, k.Means, k.Run, k.Key))
	}
	return append(list,
		keys.bind("palette", finder{m}.open).footer(keys.of("palette").keys[0], "ui.hint.palette"),
		keys.bind("language", m.nextLanguage).only(several),
		keys.bind("theme", m.host.nextTheme),
		keys.command("mouse", m.toggleMouse),
		keys.bind("picture", m.savePicture),
		keys.bind("help", helper{m}.open).hinted("ui.hint.keys"),
		command("q", "back", m.back, "q", "esc"),
		command("ctrl+z", "suspend", func() tea.Cmd { return tea.Suspend }, "ctrl+z").only(func() bool { return m.opt.Suspend }),
		command("ctrl+c", "quit", func() tea.Cmd { return tea.Quit }, "ctrl+c"))
}
