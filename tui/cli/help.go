package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/widget"
)

const (
	helpWidth = 80 // columns of a usual terminal
	helpName  = 30 // most cells of the left column; a longer flag has its row
)

// helpPrinter writes the help of a command.
type helpPrinter struct {
	set     commandSet
	command command
	lab     string // id of the lab that was named, if any
}

// print writes a command's usage and flags; resilab's lists the commands, too.
func (h helpPrinter) print(w io.Writer, flags []lab.Knob) error {
	p, text := &helpPage{}, h.set.text
	p.para(text.T("cli.help.usage", h.command.usage()))
	p.para("")
	p.para(h.set.about(h.command))
	if h.command.name == "" {
		p.para("")
		p.para(text.T("cli.help.commands"))
		for _, cmd := range h.set.all() {
			p.add(cmd.usage(), h.set.about(cmd))
		}
	}
	if words := h.set.words(h.command); len(words) > 0 {
		p.para("")
		for _, w := range words {
			p.add(w[0], w[1])
		}
	}
	p.para("")
	p.para(text.T("cli.help.flags"))
	for _, k := range flags {
		name, words := flagName(text, k)
		p.add(name, h.set.flagHelp(h.command, h.lab, k)+words+h.defaultText(k))
	}
	p.add("-h, --help", text.T("cli.help.help"))
	if h.command.name == "" {
		p.add("--version", text.T("cli.help.version_flag"))
	}
	if h.command.knobs != nil {
		p.para("")
		p.para(text.T("cli.help.knobs"))
	}
	return p.write(w)
}

// flagName returns a flag with the type of its value, and what the help says
// besides about the value.
func flagName(text *i18n.Catalogue, k lab.Knob) (name, words string) {
	name = "--" + k.ID
	kind := ""
	switch k.Kind {
	case lab.Bool:
		if k.Default.Bool() {
			return name + " true|false", "" // on, unless it is said otherwise
		}
		return name, ""
	case lab.Choice:
		if len(name)+1+len(k.Allowed()) <= helpName {
			return name + " " + k.Allowed(), ""
		}
		return name + " " + text.T("cli.help.type.word"), ": " + strings.Join(k.Choices, ", ")
	case lab.Text:
		return name + " " + text.T("cli.help.type.text"), ""
	case lab.Int:
		kind = "int"
	case lab.Duration:
		kind = "duration"
	default:
		kind = "number"
	}
	return name + " " + text.T("cli.help.type."+kind), " (" + k.Allowed() + ")"
}

// defaultText describes a flag's default.
func (h helpPrinter) defaultText(k lab.Knob) string {
	s := k.Default.String()
	switch {
	case slices.Contains(h.command.required, k.ID):
		return h.set.text.T("cli.help.required")
	case s == "":
		return ""
	}
	return h.set.text.T("cli.help.default", s)
}

// helpPage is two columns below paragraphs, no wider than a usual terminal.
type helpPage struct{ rows [][2]string }

// para adds a paragraph over both columns.
func (p *helpPage) para(s string) { p.rows = append(p.rows, [2]string{"", s}) }

func (p *helpPage) add(name, words string) { p.rows = append(p.rows, [2]string{name, words}) }

func (p *helpPage) write(w io.Writer) error {
	column := 0
	for _, r := range p.rows {
		if n := widget.Width(r[0]); n <= helpName {
			column = max(column, n)
		}
	}
	var b strings.Builder
	for _, r := range p.rows {
		if r[0] == "" {
			b.WriteString(strings.Join(widget.Wrap(r[1], helpWidth), "\n") + "\n")
			continue
		}
		left := "  " + r[0] + strings.Repeat(" ", max(0, column-widget.Width(r[0]))) + "  "
		indent := strings.Repeat(" ", column+4)
		if widget.Width(r[0]) > column {
			left = "  " + r[0] + "\n" + indent
		}
		words := widget.Wrap(r[1], helpWidth-column-4)
		b.WriteString(left + strings.Join(words, "\n"+indent) + "\n")
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the help: %w", err)
	}
	return nil
}
