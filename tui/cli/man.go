package cli

import (
	"context"
	"fmt"
	"strings"

	"resilab/labs/lab"
	"resilab/tui/app"
)

func manFlags() []lab.Knob {
	return []lab.Knob{lab.NewChoice("format", "man", formatMarkdown), languageFlag()}
}

// runMan prints the manual page, or a table of the commands.
func runMan(_ context.Context, c *call) error {
	if err := c.in.noArgs(); err != nil {
		return err
	}
	if c.in.flags.Text("format") == formatMarkdown {
		return c.out.print(commandTable(c.set))
	}
	return c.out.print(manPage(c.set))
}

// manPage is the manual page of the program, in the format of man(7).
func manPage(set commandSet) string {
	p := &roff{set: set}
	text := set.text
	p.macro("TH", "RESILAB", "1", "", "resilab", "")
	p.section("cli.man.name")
	p.para("resilab - " + set.about(set.root()))
	p.section("cli.man.synopsis")
	for _, x := range set.syntaxes() {
		if x.lab == "" && x.at() != "help" {
			p.macro("B", text.T("cli.man.flags", x.command.usage()))
			p.macro("br")
		}
	}
	p.section("cli.man.commands")
	for _, x := range set.syntaxes() {
		switch {
		case x.at() == "help":
		case x.lab == "":
			p.command(x)
		}
	}
	for _, id := range set.labs.IDs(nil) {
		p.settings(id)
	}
	p.section("cli.man.keys")
	for _, a := range app.ActionsHelp(text) {
		p.item(strings.Join(a.Keys, " "), a.Means+" ("+a.ID+")")
	}
	p.section("cli.man.environment")
	for _, k := range surroundings() {
		p.item(variable(k.ID), text.T("cli.man.variable", "--"+k.ID))
	}
	p.section("cli.man.files")
	p.item("$XDG_CONFIG_HOME/resilab/config.yaml, ~/.config/resilab/config.yaml", text.T("cli.man.config"))
	p.item("$XDG_STATE_HOME/resilab/progress.json, ~/.local/state/resilab/progress.json", text.T("cli.flag.progress"))
	p.section("cli.man.exit")
	for code, key := range []string{exitOK: "cli.man.exit_ok", exitFailed: "cli.man.exit_failed", exitUsage: "cli.man.exit_usage"} {
		p.item(fmt.Sprint(code), text.T(key))
	}
	return p.b.String()
}

// commandTable is a table of the commands with their flags, without --lang, which
// all have, and the settings of labs.
func commandTable(set commandSet) string {
	cell := func(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
	var b strings.Builder
	b.WriteString("| command | does | flags |\n| --- | --- | --- |\n")
	for _, x := range set.syntaxes() {
		if x.lab != "" || x.at() == "help" {
			continue
		}
		var flags []string
		for _, k := range x.flags {
			if k.ID != languageFlag().ID && (x.command.knobs == nil || !set.isKnob(k.ID)) {
				flags = append(flags, "`--"+k.ID+"`")
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", cell(x.command.usage()), cell(set.about(x.command)), strings.Join(flags, " "))
	}
	return b.String()
}

// roff writes man(7).
type roff struct {
	set commandSet
	b   strings.Builder
}

// escaped keeps text from being read as roff.
func escaped(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n", " ").Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}

func (p *roff) macro(name string, args ...string) {
	p.b.WriteString("." + name)
	for _, a := range args {
		p.b.WriteString(` "` + strings.ReplaceAll(escaped(a), `"`, `\(dq`) + `"`)
	}
	p.b.WriteString("\n")
}

func (p *roff) para(s string) { p.b.WriteString(escaped(s) + "\n") }

func (p *roff) section(key string, args ...any) {
	p.macro("SH", strings.ToUpper(p.set.text.T(key, args...)))
}

// item writes a term with its explanation.
func (p *roff) item(term, words string) {
	p.macro("TP")
	p.macro("B", term)
	p.para(words)
}

// command describes a command with its own flags.
func (p *roff) command(x syntax) {
	p.macro("SS", x.command.usage())
	p.para(p.set.about(x.command))
	for _, w := range p.set.words(x.command) {
		p.item(w[0], w[1])
	}
	for _, k := range x.flags {
		if x.command.knobs == nil || !p.set.isKnob(k.ID) {
			p.flag(x, k)
		}
	}
	if x.command.knobs != nil {
		p.macro("PP")
		p.para(p.set.text.T("cli.help.knobs"))
	}
}

// settings describes the knobs of a lab.
func (p *roff) settings(id string) {
	e, _ := p.set.labs.Find(id)
	p.section("cli.man.settings", p.set.text.T(id+".name"))
	for _, k := range e.Spec.Knobs {
		p.flag(syntax{lab: id}, k)
	}
}

func (p *roff) flag(x syntax, k lab.Knob) {
	name, words := flagName(p.set.text, k)
	h := helpPrinter{set: p.set, command: x.command, lab: x.lab}
	p.item(name, p.set.flagHelp(x.command, x.lab, k)+words+h.defaultText(k))
}
