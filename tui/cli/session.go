package cli

import (
	"io/fs"

	"resilab/labs"
	"resilab/labs/course"
	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/app"
	"resilab/tui/card"
	"resilab/tui/pane"
	"resilab/tui/theme"
)

// catalogue loads every text of the program in one language.
func catalogue(all labs.Registry, lang i18n.Lang) (*i18n.Catalogue, error) {
	sources := []fs.FS{Texts, app.Texts, card.Texts, course.Texts}
	for _, e := range all {
		sources = append(sources, e.Spec.Texts)
	}
	return i18n.Load(lang, sources...)
}

// catalogues loads every text in every language. It takes some milliseconds:
// a server does it once for all its visitors.
func catalogues(all labs.Registry) (map[i18n.Lang]*i18n.Catalogue, error) {
	texts := map[i18n.Lang]*i18n.Catalogue{}
	for _, lang := range i18n.Langs() {
		text, err := catalogue(all, lang)
		if err != nil {
			return nil, err
		}
		texts[lang] = text
	}
	return texts, nil
}

// screen is one person's program with its labs on a session.
type screen struct {
	labs    labs.Registry
	panes   pane.Registry
	session *labs.Session
	texts   map[i18n.Lang]*i18n.Catalogue
	lang    i18n.Lang
	theme   *theme.Theme
	runs    labRuns
	own     ownTerminal
	guest   bool
	first   string // lab shown first
	course  courseParts
	frames  int
	keys    []app.Key  // further ones
	shared  lab.Shared // with the other screens of the process
}

// ownTerminal is what a person has at the own terminal, not over SSH.
type ownTerminal struct {
	keymap app.Keymap
	save   func(name string, data []byte) (path string, err error) // nil: no files
}

// labRuns are what the labs of a screen begin with.
type labRuns struct {
	seed  uint64
	start map[string]lab.Settings // by lab; absent: the defaults
	next  map[string]lab.Settings // of a second run, by lab
	a     *lab.Run                // saved earlier, kept as run A; nil: none
}

// settings are those that a lab starts with.
func (r labRuns) settings(spec *lab.Spec) lab.Settings {
	if s := r.start[spec.ID]; s != nil {
		return s
	}
	return spec.Defaults()
}

// courseParts are what a screen has of the course.
type courseParts struct {
	book  *course.Book
	store card.Store // the person's progress
	card  string     // opened with the screen; empty: none
	tour  app.TourOptions
}

func (s screen) model() (*app.Model, error) {
	var entries []app.LabEntry
	for _, e := range s.labs {
		exp, err := s.session.Experiment(e, labs.Setup{Seed: s.runs.seed, Guest: s.guest, Settings: s.runs.settings(e.Spec), Next: s.runs.next[e.Spec.ID], Shared: s.shared})
		if err != nil {
			return nil, err
		}
		if s.runs.a != nil && s.runs.a.Lab == e.Spec.ID {
			exp.KeepA(*s.runs.a)
		}
		entries = append(entries, app.LabEntry{
			Experiment: exp, Picture: s.panes[e.Spec.ID], Export: e.Export,
			Card: card.New(card.Options{Book: s.course.book, Store: s.course.store, Experiment: exp, Card: s.course.card}),
		})
	}
	return app.New(app.Options{
		Labs: entries, Texts: s.texts, Lang: s.lang, Theme: s.theme, StartLab: s.first, ShowCard: s.course.card != "",
		FrameRate: s.frames, Keys: s.keys, Tour: s.course.tour, Suspend: !s.guest && hasJobControl(),
		Keymap: s.own.keymap, Save: s.own.save, Rest: s.guest,
	}), nil
}
