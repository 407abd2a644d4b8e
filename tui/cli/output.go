package cli

import (
	"fmt"
	"io"

	"resilab/labs/i18n"
	"resilab/labs/lab"
)

// output is where a command writes.
type output struct {
	stdout, stderr io.Writer
	text           *i18n.Catalogue
}

// line writes a line of the result.
func (o output) line(s string) error { return o.print(s + "\n") }

// print writes a part of the result.
func (o output) print(s string) error {
	if _, err := io.WriteString(o.stdout, s); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

// say writes a line of the result in the catalogue's words.
func (o output) say(key string, args ...any) error { return o.line(o.text.T(key, args...)) }

// table writes a table of the result.
func (o output) table(t lab.Table) error { return writeTable(o.stdout, t) }

// note writes a line for the person to standard error.
func (o output) note(line string) { fmt.Fprintln(o.stderr, line) }

// complain writes a line with the program's name to standard error.
func (o output) complain(line string) { o.note("resilab: " + line) }
