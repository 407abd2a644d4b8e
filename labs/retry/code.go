package retry

import (
	"cmp"
	"slices"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/labs/retry/export"
)

// CourseLibrary is the library of the course's demo, for settings that name none.
const CourseLibrary = "async-retry"

// exampleURL is the gateway that a program calls by default: the lab's own has
// another port each time.
const exampleURL = "http://127.0.0.1:8080"

// Code returns the settings as a program for a library of export.Names. Its error is
// a *lab.KnobError.
func Code(lang i18n.Lang, library string, s lab.Settings) (string, error) {
	p, err := newPlan(s, 0)
	if err != nil {
		return "", err
	}
	settings := export.Settings{
		Policy: p.policy, Classify: s.Bool("classify"), Breaker: p.breaker, Hedge: p.hedge,
		Fallback: p.fallback, Idempotency: p.keys, URL: cmp.Or(p.url, exampleURL),
	}
	if budget := s.Text("budget"); budget != off {
		settings.Budget = budget
	}
	code, err := export.Code(lang, library, settings)
	return code, asKnobError(err)
}

// LibraryOf returns the library that the settings' preset names, if there is an
// export for it; else the course's.
func LibraryOf(s lab.Settings) string {
	if name := s.Text("preset"); slices.Contains(export.Names(), name) {
		return name
	}
	return CourseLibrary
}

// Export returns how the settings become programs for other libraries.
func Export() *lab.Export {
	return &lab.Export{Targets: export.Names(), Target: LibraryOf, Language: export.Language, Code: Code}
}
