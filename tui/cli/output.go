package cli

import (
	"encoding/json"
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

// resultWriter writes a result and keeps the first error, so that a command fails
// whose result was not written, wherever it was written from.
type resultWriter struct {
	io.Writer
	err error
}

// Write implements io.Writer.
func (w *resultWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("writing the result: %w", err)
	}
	return n, err
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

// json writes a part of the result as a line of JSON, in which & stands as it is:
// the line of a run is copied from it.
func (o output) json(v any) error {
	if err := plainJSON(o.stdout).Encode(v); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

// plainJSON encodes without the escapes that HTML needs.
func plainJSON(w io.Writer) *json.Encoder {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc
}

// table writes a table of the result.
func (o output) table(t lab.Table) error { return writeTable(o.stdout, t) }

// note writes a line for the person to standard error.
func (o output) note(line string) { fmt.Fprintln(o.stderr, line) }

// complain writes a line with the program's name to standard error.
func (o output) complain(line string) { o.note("resilab: " + line) }
