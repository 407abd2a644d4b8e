package app

import (
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/lab"
	"resilab/tui/highlight"
)

// exportPage shows the settings as a program for a library or in a language,
// which is chosen here.
type exportPage struct {
	page
	export   *lab.Export
	settings lab.Settings
	labID    string
	target   int // index into export.Targets
	code     string
	language highlight.Language
}

// openExport shows the settings for the library that suits them best.
func (s *labScreen) openExport() {
	e := &exportPage{export: s.lab.entry.Export, settings: s.lab.exp.Settings(), labID: s.lab.spec.ID}
	closes := s.host.keys.of("export").keys[0]
	e.page = *newPage(s.host, "", e.highlighted, "q", "enter", closes)
	e.keys = append([]binding{
		bind("← h", "export_target", func() { e.choose(-1) }, "left", "h").footer("←→", "ui.hint.target"),
		bind("→ l", "export_target", func() { e.choose(1) }, "right", "l"),
		s.host.keys.bind("copy", func() { e.copyText(e.code) }).hinted("ui.hint.copy"),
		bind("w", "export_write", e.write, "w").footerNow("w", e.writeHint),
	}, append(e.scrollKeys(), e.keys[len(e.keys)-1])...)
	e.target = max(0, slices.Index(e.export.Targets, e.export.Target(e.settings)))
	e.choose(0)
	s.overlay = e
}

// choose goes to another target.
func (e *exportPage) choose(dir int) {
	n := len(e.export.Targets)
	e.target = (e.target + dir + n) % n
	name := e.export.Targets[e.target]
	code, err := e.export.Code(e.text.Lang(), name, e.settings)
	if err != nil {
		code = e.text.T("ui.export.cannot", err.Error())
	}
	e.code, e.language = code, highlight.Named(e.export.LanguageOf(name))
	e.title = e.text.T("ui.export.title", e.text.T(e.labID+".name"), name, e.target+1, n)
	e.scroll.Top = 0
	e.renew()
}

// writeHint is the footer's word for writing; over SSH no files are written.
func (e *exportPage) writeHint() string {
	if e.save == nil {
		return ""
	}
	return "ui.hint.write"
}

// write puts the program into a file.
func (e *exportPage) write() {
	if e.save == nil {
		e.say("ui.no_files")
		return
	}
	name := e.labID + "-" + strings.ReplaceAll(e.export.Targets[e.target], "/", "-") + e.language.Extension()
	if written, err := e.save(name, []byte(e.code)); err != nil {
		e.say("ui.save_failed", err.Error())
	} else {
		e.say("ui.saved", written)
	}
}

// highlighted is the program with the theme's colours, in rows of at most w cells.
func (e *exportPage) highlighted(w int) (rows []string) {
	for _, line := range e.language.Lines(strings.ReplaceAll(e.code, "\t", "    ")) {
		rows = append(rows, e.highlightedLine(line, w)...)
	}
	return rows
}

// Update implements panel.
func (e *exportPage) Update(msg tea.Msg) tea.Cmd { return press(e.keys, msg) }
