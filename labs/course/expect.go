package course

import (
	"embed"
	"fmt"
	"io/fs"

	"resilab/labs/i18n"
	"resilab/labs/lab"
)

//go:embed content/tours
var tours embed.FS

// Tours returns the files of the course's tours.
func Tours() (fs.FS, error) { return fs.Sub(tours, "content/tours") }

// Expectation is a rule about the figures of a lab, in the language of the
// cards' checks.
type Expectation struct {
	spec *lab.Spec
	rule *rule
}

// Expect compiles an expectation. The error says what the lab does not have or
// what an expression may not contain.
func Expect(spec *lab.Spec, source string) (*Expectation, error) {
	r, err := compileRule(source, environment(spec))
	if err != nil {
		return nil, err
	}
	return &Expectation{spec: spec, rule: r}, nil
}

// Holds reports whether the last of the runs, at most MaxRuns, is as expected.
// The runs are called a, b, c and d. What a run has not measured does not hold.
func (e *Expectation) Holds(runs ...lab.Run) bool {
	kept := make([]*Evidence, len(runs))
	for i, run := range runs {
		kept[i] = evidence(run)
	}
	_, all := e.rule.judge(situation(e.spec, kept...))
	return all
}

// ReadFile reads a small file of plain YAML into v. Unknown fields are errors.
func ReadFile(fsys fs.FS, file string, v any) error {
	m := &mistakes{file: file}
	m.read(fsys, v)
	return joined(m.all)
}

// Name returns a text with its placeholders, such as {metric:success}, replaced
// by the names of a lab.
func Name(spec *lab.Spec, lang i18n.Lang, text string) (string, error) {
	names, err := loadNames(spec, lang)
	if err != nil {
		return "", fmt.Errorf("naming the lab %s: %w", spec.ID, err)
	}
	return names.fill(text)
}
