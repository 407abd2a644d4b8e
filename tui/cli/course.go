package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"resilab/labs"
	"resilab/labs/course"
	"resilab/labs/course/console"
	"resilab/labs/course/report"
	"resilab/labs/lab"
	"resilab/labs/textfile"
)

// Words after resilab course.
const (
	courseList   = "list"
	courseStatus = "status"
	courseCheck  = "check"
	courseReport = "report"
	courseLint   = "lint"
	courseNew    = "new"
	coursePlay   = "play"
	courseVerify = "verify"
	courseExport = "export"
	courseImport = "import"
	courseReset  = "reset"
)

// courseWords are the words that can follow resilab course.
func courseWords() []string {
	return []string{courseList, courseStatus, courseCheck, courseReport, courseLint, courseNew, coursePlay, courseVerify, courseExport, courseImport, courseReset}
}

func courseFlags() []lab.Knob {
	flags := []lab.Knob{
		lab.NewBool("plain", false), lab.NewText("card", ""), progressFlag(),
		lab.NewChoice("format", append([]string{"text"}, console.Formats()...)...), seedFlag(), languageFlag(),
		lab.NewText("lab", ""), lab.NewBool("yes", false),
		lab.NewText("student", ""), lab.NewInt("seeds", 1, 1, 100), lab.NewBool("golden", true),
	}
	for _, flag := range runFiles() {
		flags = append(flags, lab.NewText(flag, ""))
	}
	return append(append(flags, cardFlags()...), brokerFlags()...)
}

// runCourse is the course without the screen.
func runCourse(ctx context.Context, c *call) error {
	cards := cardsOf(c)
	player := player{labs: c.world.Labs, open: c.openSession}
	word := courseStatus
	if len(c.in.args) > 0 {
		word = c.in.args[0]
	}
	if word == courseLint {
		return author{in: c.in, out: console.Printer{Text: c.text, Out: c.out.stdout}, labs: c.world.Labs, player: player}.lint(ctx)
	}
	book, err := cards.load(word == courseNew)
	if err != nil {
		return err
	}
	store, err := progressFile{path: c.in.flags.Text("progress"), getenv: c.world.Getenv, out: c.out}.open(ctx)
	if err != nil {
		return err
	}
	out := console.Printer{Book: book, Store: store, Text: c.text, Out: c.out.stdout}
	s := student{in: c.in, stdin: c.world.Stdin, out: out, player: player, program: c.world.program()}
	if c.in.flags.Bool("plain") {
		return s.guide(ctx)
	}
	run, ok := s.words()[word]
	if !ok {
		run, ok = author{in: c.in, out: out, labs: c.world.Labs, player: player}.words()[word]
	}
	if !ok {
		return usageError{&wordedError{key: "cli.course.unknown", args: []any{word, strings.Join(courseWords(), "|")}}}
	}
	return run(ctx)
}

// student is what a student does with the cards.
type student struct {
	in      values
	stdin   io.Reader
	out     console.Printer
	player  player
	program string // its name and version
}

// words are the student's words after resilab course.
func (s student) words() map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		courseList:   func(context.Context) error { return s.out.List(s.in.wantsJSON()) },
		courseStatus: func(context.Context) error { return s.out.Status(s.in.wantsJSON()) },
		courseReport: func(context.Context) error {
			return s.out.Write(s.in.flags.Text("format"), report.New(s.out.Book, s.out.Store, s.out.Text.Lang(), report.Options{
				Program: s.program, Student: s.in.flags.Text("student"), Now: time.Now(),
			}))
		},
		courseCheck:  s.check,
		courseExport: s.export,
		courseImport: s.importFrom,
		courseReset:  s.reset,
	}
}

// export writes the progress to a file.
func (s student) export(context.Context) error {
	path, err := courseArgument(s.in, "FILE")
	if err != nil {
		return err
	}
	return s.out.Export(path)
}

// importFrom merges the progress in a file.
func (s student) importFrom(ctx context.Context) error {
	path, err := courseArgument(s.in, "FILE")
	if err != nil {
		return err
	}
	return s.out.Import(ctx, path)
}

// reset removes what is known of one card, or of all. It asks first.
func (s student) reset(ctx context.Context) error {
	id := ""
	if len(s.in.args) > 1 {
		var err error
		if id, err = s.cardID(s.in.args[1]); err != nil {
			return err
		}
	}
	done, err := s.out.Reset(id, textfile.Reader(ctx, s.stdin), s.in.flags.Bool("yes"))
	if err == nil && !done {
		err = errReported
	}
	return err
}

// guide leads through one card line by line; without a name, through the first.
func (s student) guide(ctx context.Context) error {
	id, err := s.cardID(s.in.flags.Text("card"))
	if err != nil {
		return err
	}
	return s.player.with(func(open opener) error {
		g := console.Guide{Printer: s.out, In: s.stdin, Now: time.Now,
			Open: func(labID string, settings lab.Settings) (*lab.Experiment, error) {
				return open(labID, s.in.seed(), settings)
			}}
		return g.Run(ctx, id)
	})
}

// check judges the runs that were kept, or files of resilab run.
func (s student) check(ctx context.Context) error {
	word := ""
	if len(s.in.args) > 1 {
		word = s.in.args[1]
	}
	id, err := s.cardID(word)
	if err != nil {
		return err
	}
	var passed bool
	if s.in.isGiven("a") || s.in.isGiven("b") {
		passed, err = s.checkFiles(ctx, id)
	} else {
		passed, err = s.out.Check(id)
	}
	if err == nil && !passed {
		err = errReported
	}
	return err
}

// checkFiles judges the runs in the files of --a, --b and so on.
func (s student) checkFiles(ctx context.Context, id string) (passed bool, err error) {
	var runs [][]byte
	for i, flag := range runFiles() {
		path := s.in.flags.Text(flag)
		if path == "" && i < 2 {
			return false, usageError{&wordedError{key: "cli.error.novalue", args: []any{"--" + flag, s.out.Text.T("cli.help.type.text")}}}
		}
		if path == "" {
			break
		}
		text, err := textfile.Read(ctx, path)
		if err != nil {
			return false, usageError{fmt.Errorf("--%s: %w", flag, err)}
		}
		runs = append(runs, []byte(text))
	}
	if passed, err = s.out.CheckRuns(id, runs...); err != nil {
		return false, usageError{err} // the files are not runs of this card
	}
	return passed, nil
}

// cardID finds a card by what was typed; nothing means the first.
func (s student) cardID(typed string) (string, error) {
	ids := s.out.Book.IDs()
	if typed == "" {
		return ids[0], nil
	}
	card, ok := s.out.Book.Find(strings.ToUpper(typed))
	if !ok {
		return "", usageError{&lab.KnobError{Knob: "card", Value: typed, Allowed: strings.Join(ids, "|")}}
	}
	return card.ID, nil
}

// runFiles are the flags that name files with runs: a, b and so on.
func runFiles() []string { return strings.Split(course.Letters, "") }

// opener makes an experiment of a lab.
type opener = func(labID string, seed uint64, settings lab.Settings) (*lab.Experiment, error)

// player opens a session for the runs of cards.
type player struct {
	labs labs.Registry
	open func() (*labs.Session, error)
}

// with calls use while a session is open.
func (p player) with(use func(opener) error) error {
	session, err := p.open()
	if err != nil {
		return err
	}
	err = use(func(labID string, seed uint64, settings lab.Settings) (*lab.Experiment, error) {
		entry, found := p.labs.Find(labID)
		if !found {
			return nil, fmt.Errorf("no lab %s", labID)
		}
		return session.Experiment(entry, labs.Setup{Seed: seed, Settings: settings})
	})
	return errors.Join(err, session.Close())
}
