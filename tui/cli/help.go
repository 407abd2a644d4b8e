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

// title is the command as it is typed.
func (cmd command) title() string { return strings.TrimSpace("resilab " + cmd.name) }

// usage is the command with its arguments.
func (cmd command) usage() string { return strings.TrimSpace(cmd.title() + " " + cmd.args) }

// about describes the command in one sentence.
func (c *call) about(cmd command) string {
	switch {
	case cmd.lab != "":
		return c.text.T(cmd.lab + ".command." + cmd.name)
	case cmd.name == "":
		return c.text.T("cli.help.resilab", c.labTitles())
	}
	return c.text.T("cli.help."+cmd.name, strings.Join(c.Labs.IDs(cmd.suits), ", "))
}

func (c *call) labTitles() string {
	var titles []string
	for _, e := range c.Labs {
		titles = append(titles, c.text.T(e.Spec.ID+".name"))
	}
	return strings.Join(titles, ", ")
}

// helpFor prints the help of the command that args name, or of resilab.
func (c *call) helpFor(args []string) error {
	if len(args) > 0 {
		var err error
		if c.command, err = c.findCommand(args[0]); err != nil {
			return err
		}
		args = append(args[1:], "--help")
	}
	flags, err := c.command.flags(c, args)
	if err != nil {
		return usageError{err}
	}
	return c.help(flags)
}

// help prints a command's usage and flags; resilab's lists the commands, too.
func (c *call) help(flags []lab.Knob) error {
	p := &helpPage{}
	p.para(c.text.T("cli.help.usage", c.command.usage()))
	p.para("")
	p.para(c.about(c.command))
	if c.command.name == "" {
		p.para("")
		p.para(c.text.T("cli.help.commands"))
		for _, cmd := range c.commands() {
			p.add(cmd.usage(), c.about(cmd))
		}
	}
	p.para("")
	p.para(c.text.T("cli.help.flags"))
	for _, k := range flags {
		name, words := flagName(c.text, k)
		p.add(name, c.flagHelp(k)+words+c.defaultText(k))
	}
	p.add("-h, --help", c.text.T("cli.help.help"))
	if c.command.name == "" {
		p.add("--version", c.text.T("cli.help.version"))
	}
	return p.write(c.Stdout)
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
func (c *call) defaultText(k lab.Knob) string {
	s := k.Default.String()
	switch {
	case slices.Contains(c.command.required, k.ID):
		return c.text.T("cli.help.required")
	case s == "":
		return ""
	}
	return c.text.T("cli.help.default", s)
}

// flagHelp finds a flag's text: that of the lab which brings the command, that
// of the lab's knob, or the program's own.
func (c *call) flagHelp(k lab.Knob) string {
	ids := []string{c.command.lab, c.labWord(c.Args)}
	for _, e := range c.Labs {
		ids = append(ids, e.Spec.ID)
	}
	keys := []string{fmt.Sprintf("%s.flag.%s.%s", c.command.lab, c.command.name, k.ID)}
	for i, id := range ids {
		if i == 2 {
			keys = append(keys, "cli.flag."+k.ID) // before the knobs of labs that are not named
		}
		keys = append(keys, fmt.Sprintf("%s.knob.%s.help", id, k.ID))
	}
	for _, key := range keys {
		if c.text.Has(key) {
			return strings.TrimSuffix(c.text.T(key), ".")
		}
	}
	return ""
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
