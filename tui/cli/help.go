package cli

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"resilab/labs"
	"resilab/labs/i18n"
	"resilab/labs/lab"
)

// help prints a command's flags, or without flags the list of commands.
func help(w World, text *i18n.Catalogue, cmd command, flags []lab.Knob) error {
	t := newTable()
	t.title(text.T("cli.help." + cmd.name))
	if cmd.name == "labs" {
		t.title("")
		t.title(text.T("cli.help.commands"))
		for _, c := range commands() {
			t.row("resilab "+c.name, firstLine(text.T("cli.help."+c.name)))
		}
		if flags == nil {
			flags = labsFlags()
		}
	}
	t.title("")
	t.title(text.T("cli.help.flags"))
	for _, k := range flags {
		t.row("--"+k.ID+" "+allowedShort(k), flagHelp(text, w.Args, k)+text.T("cli.help.default", defaultText(k)))
	}
	return t.write(w.Stdout)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func allowedShort(k lab.Knob) string {
	if k.Kind == lab.Bool {
		return ""
	}
	return ansi.Truncate(k.Allowed(), 40, "…")
}

func defaultText(k lab.Knob) string {
	if s := k.Default.String(); s != "" {
		return s
	}
	return "–"
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
