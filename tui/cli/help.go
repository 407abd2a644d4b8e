package cli

import (
	"fmt"
	"io"
	"strings"

	"resilab/labs"
	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/widget"
)

const (
	helpWidth = 80 // columns of a terminal that nobody has made wider
	helpName  = 30 // most cells of the left column; a longer flag has its row
)

// help prints a command's flags, or without flags the list of commands.
func help(w World, text *i18n.Catalogue, cmd command, flags []lab.Knob) error {
	p := &helpPage{}
	p.para(text.T("cli.help." + cmd.name))
	if cmd.name == "labs" {
		p.para("")
		p.para(text.T("cli.help.commands"))
		for _, c := range commands() {
			p.add("resilab "+c.name, text.T("cli.help."+c.name))
		}
		if flags == nil {
			flags = labsFlags()
		}
	}
	p.para("")
	p.para(text.T("cli.help.flags"))
	for _, k := range flags {
		name, words := flagName(text, k)
		p.add(name, flagHelp(text, w.Args, k)+words+defaultText(text, k))
	}
	return p.write(w.Stdout)
}

// flagName is a flag with what it takes; the words of a choice that are too
// many to stand beside it are returned for the text.
func flagName(text *i18n.Catalogue, k lab.Knob) (name, words string) {
	name = "--" + k.ID
	switch {
	case k.Kind == lab.Bool && k.Default.Bool():
		return name + " true|false", "" // on, unless it is said otherwise
	case k.Kind == lab.Bool:
		return name, ""
	case k.Kind == lab.Text:
		return name + " " + text.T("cli.help.text"), ""
	case len(name)+1+len(k.Allowed()) > helpName:
		return name, " " + strings.Join(k.Choices, ", ")
	default:
		return name + " " + k.Allowed(), ""
	}
}

// defaultText says what a flag is worth that is not given; a switch is off
// where it does not say so.
func defaultText(text *i18n.Catalogue, k lab.Knob) string {
	s := k.Default.String()
	if s == "" || k.Kind == lab.Bool && !k.Default.Bool() {
		return ""
	}
	return text.T("cli.help.default", s)
}

// flagHelp finds a flag's text: a lab's knob has it in the lab's catalogue.
func flagHelp(text *i18n.Catalogue, args []string, k lab.Knob) string {
	for _, a := range append(args, "retry") {
		if _, ok := labs.Find(a); !ok {
			continue
		}
		if key := fmt.Sprintf("%s.knob.%s.help", a, k.ID); text.Has(key) {
			return text.T(key)
		}
	}
	return text.T("cli.flag." + k.ID)
}

// helpPage is two columns below paragraphs, no wider than a usual terminal.
type helpPage struct{ rows [][2]string }

// para adds a paragraph over both columns.
func (p *helpPage) para(s string) { p.rows = append(p.rows, [2]string{"", s}) }

func (p *helpPage) add(name, words string) { p.rows = append(p.rows, [2]string{name, words}) }

func (p *helpPage) write(w io.Writer) error {
	column := 0
	for _, r := range p.rows {
		if n := len(r[0]); n <= helpName {
			column = max(column, n)
		}
	}
	var b strings.Builder
	for _, r := range p.rows {
		if r[0] == "" {
			b.WriteString(strings.Join(widget.Wrap(r[1], helpWidth), "\n") + "\n")
			continue
		}
		left := "  " + r[0] + strings.Repeat(" ", max(0, column-len(r[0]))) + "  "
		indent := strings.Repeat(" ", column+4)
		if len(r[0]) > column {
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
