// Package report writes a student's progress for others to read, and verifies
// what others have sent.
package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"resilab/labs/course"
	"resilab/labs/i18n"
)

// documentVersion is the version of the JSON form.
const documentVersion = 1

// Document is a report: what a student has done with every card.
type Document struct {
	Version  int          `json:"version"`
	Program  string       `json:"program"` // that made it, with its version
	Student  string       `json:"student,omitempty"`
	Language i18n.Lang    `json:"language"`
	MadeAt   time.Time    `json:"made_at"`
	Cards    []course.Row `json:"cards"`
}

// Options name what a report says besides the progress.
type Options struct {
	Program, Student string
	Now              time.Time
}

// New returns the report of a student's progress.
func New(book *course.Book, store course.Records, lang i18n.Lang, opt Options) *Document {
	return &Document{
		Version: documentVersion, Program: opt.Program, Student: opt.Student, Language: lang,
		MadeAt: opt.Now, Cards: course.Report(book, store, lang),
	}
}

// JSON writes the report for programs.
func (d *Document) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(d)
}

// Read reads a report that JSON has written.
func Read(data []byte) (*Document, error) {
	var d Document
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, fmt.Errorf("reading the report: %w", err)
	}
	switch {
	case d.Version == 0 || d.Cards == nil:
		return nil, errors.New("reading the report: this is not what resilab course report --format json prints")
	case d.Version > documentVersion:
		return nil, fmt.Errorf("reading the report: version %d, this program reads version %d", d.Version, documentVersion)
	}
	return &d, nil
}
