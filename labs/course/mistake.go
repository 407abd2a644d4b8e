package course

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"
)

// Mistake is what is wrong at one place of a card's files.
type Mistake struct {
	File string
	Line int // 1 where the place is not in the file
	Err  error
}

// Error implements error as file:line: what is wrong, in one line.
func (m *Mistake) Error() string {
	what, _, _ := strings.Cut(m.Err.Error(), "\n")
	return fmt.Sprintf("%s:%d: %s", m.File, m.Line, what)
}

// Unwrap returns what is wrong, without the place.
func (m *Mistake) Unwrap() error { return m.Err }

// mistakes collects what is wrong in one file.
type mistakes struct {
	file string
	text []byte // to find lines in
	all  []*Mistake
}

// add notes an error at a field, as a YAML path without the leading "$.". A nil
// error is not a mistake.
func (m *mistakes) add(path string, err error) {
	if err == nil {
		return
	}
	line := m.line(path)
	var placed yaml.Error
	if errors.As(err, &placed) { // of the YAML itself
		if token := placed.GetToken(); token != nil && token.Position != nil {
			line = token.Position.Line
		}
		err = errors.New(placed.GetMessage())
	} else if path != "" {
		err = fmt.Errorf("%s: %w", path, err)
	}
	m.all = append(m.all, &Mistake{File: m.file, Line: line, Err: err})
}

func (m *mistakes) addf(path, format string, args ...any) { m.add(path, fmt.Errorf(format, args...)) }

// line finds where a field stands, or the nearest field that contains it.
func (m *mistakes) line(path string) int {
	file, err := parser.ParseBytes(m.text, 0)
	if err != nil {
		return 1
	}
	for path != "" {
		if p, err := yaml.PathString("$." + path); err == nil {
			if node, err := p.FilterFile(file); err == nil && node != nil && node.GetToken() != nil {
				return node.GetToken().Position.Line
			}
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return 1
}

// joined returns all mistakes as one error, or nil.
func joined(all []*Mistake) error {
	errs := make([]error, len(all))
	for i, m := range all {
		errs[i] = m
	}
	return errors.Join(errs...)
}

// read reads one of a card's files into v. It refuses what is not a small, regular
// file of plain YAML, and fields that v does not have.
func (m *mistakes) read(fsys fs.FS, v any) (ok bool) {
	data, err := readSmall(fsys, m.file)
	if err == nil {
		err = plainYAML(data)
	}
	if err == nil {
		m.text = data
		err = yaml.UnmarshalWithOptions(data, v, yaml.Strict())
	}
	m.add("", err)
	return err == nil
}
