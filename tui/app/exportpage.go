package app

import (
	"path"
	"slices"
	"strings"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"
	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/lab"
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
	lexer    chroma.Lexer
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
		bind("w", "export_write", e.write, "w").footer("w", "ui.hint.write"),
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
	e.code, e.lexer = code, lexerOf(name, code)
	e.title = e.text.T("ui.export.title", e.text.T(e.labID+".name"), name, e.target+1, n)
	e.scroll.Top = 0
	e.renew()
}

// lexerOf returns the lexer of a program for a target, which may be a language.
func lexerOf(target, code string) chroma.Lexer {
	language := target
	if target == "node" {
		language = "javascript"
	}
	lexer := lexers.Get(language)
	if lexer == nil {
		lexer = lexers.Analyse(code)
	}
	if lexer == nil || lexer == lexers.Fallback {
		lexer = lexers.Get(guess(code))
	}
	return chroma.Coalesce(lexer)
}

// guess names the language of a program by how its lines begin.
func guess(code string) string {
	for line := range strings.Lines(code) {
		switch word, _, _ := strings.Cut(strings.TrimSpace(line), " "); word {
		case "package":
			if strings.HasSuffix(strings.TrimSpace(line), ";") {
				return "java"
			}
			return "go"
		case "using", "namespace":
			return "csharp"
		case "from", "def":
			return "python"
		case "const", "import", "export":
			return "javascript"
		}
	}
	return "yaml"
}

// write puts the program into a file.
func (e *exportPage) write() {
	if e.save == nil {
		e.say("ui.no_files")
		return
	}
	name := e.labID + "-" + strings.ReplaceAll(e.export.Targets[e.target], "/", "-") + e.extension()
	if written, err := e.save(name, []byte(e.code)); err != nil {
		e.say("ui.save_failed", err.Error())
	} else {
		e.say("ui.saved", written)
	}
}

// extension is that of the language's files.
func (e *exportPage) extension() string {
	for _, pattern := range e.lexer.Config().Filenames {
		if ext := path.Ext(pattern); strings.HasPrefix(pattern, "*.") && ext != "" {
			return ext
		}
	}
	return ".txt"
}

// highlighted is the program with the theme's colours, in rows of at most w cells.
func (e *exportPage) highlighted(w int) (rows []string) {
	tokens, err := chroma.Tokenise(e.lexer, nil, strings.ReplaceAll(e.code, "\t", "    "))
	if err != nil { // it is shown without colours
		return e.codeRows(strings.Split(e.code, "\n"), w)
	}
	for _, line := range chroma.SplitTokensIntoLines(tokens) {
		rows = append(rows, e.highlightedLine(line, w)...)
	}
	return rows
}

// Update implements panel.
func (e *exportPage) Update(msg tea.Msg) tea.Cmd { return press(e.keys, msg) }
