package lab

import (
	"context"
	"io"

	"resilab/labs/i18n"
)

// Command is a command of the command line that a lab brings along. Its texts
// are in the lab's part of the catalogue: <lab>.command.<name> says what it is
// for, <lab>.flag.<flag> what each flag is for that is not a knob of the lab.
type Command struct {
	Name string
	// Args is how its arguments are written in a usage line, such as
	// "[KEY …]". Empty: it takes none, and the program refuses them.
	Args string
	// Flags are the command's own. The program adds those that every command
	// has, such as the language.
	Flags []Knob
	Run   func(ctx context.Context, c *Call) error
}

// Call is one invocation of a Command. A *KnobError or a *UsageError that Run
// returns is reported as a mistake in what was typed, any other error as a failure.
type Call struct {
	Args   []string               // what is not a flag
	Flags  Settings               // by the ids of Command.Flags
	Given  func(flag string) bool // reports whether a flag was set, wherever
	Text   *i18n.Catalogue
	Stdin  io.Reader // ends when the command's context does
	Stdout io.Writer
	// Note writes a line for the person that is not part of the output.
	Note func(line string)
	// Print writes a table to Stdout.
	Print func(Table) error
}

// Settings returns the settings of a lab whose knobs are among the flags: what
// was given, with bundles resolved, and the rest as declared. The error is that
// of Spec.Check.
func (c *Call) Settings(spec *Spec) (Settings, error) {
	given := Settings{}
	for _, k := range spec.Knobs {
		if v, ok := c.Flags[k.ID]; ok && c.Given(k.ID) {
			given[k.ID] = v
		}
	}
	all := spec.Complete(given)
	return all, spec.Check(all)
}

// UsageError is a mistake in what was typed, in the catalogue's words.
type UsageError struct{ Text string }

func (e *UsageError) Error() string { return e.Text }

// Table is text in two aligned columns under titles.
type Table struct{ Lines []TableLine }

// TableLine is a title, or a row of two cells.
type TableLine struct {
	Title       string // empty: a row
	Name, Value string
}

// Title adds a title.
func (t *Table) Title(s string) { t.Lines = append(t.Lines, TableLine{Title: s}) }

// Row adds a row.
func (t *Table) Row(name, value string) {
	t.Lines = append(t.Lines, TableLine{Name: name, Value: value})
}

// Export turns a lab's settings into programs for libraries and languages.
type Export struct {
	// Targets are the values of --to.
	Targets []string
	// Target returns the one that suits the settings best.
	Target func(Settings) string
	// Language returns the programming language of a target; nil where each target is one.
	Language func(target string) string
	// Code returns the program, with comments in the given language.
	Code func(lang i18n.Lang, target string, s Settings) (string, error)
}

// LanguageOf returns the programming language of a target.
func (e *Export) LanguageOf(target string) string {
	if e.Language == nil {
		return target
	}
	return e.Language(target)
}
