package cli

import (
	"context"
	"errors"
	"fmt"
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
)

func courseFlags() []lab.Knob {
	flags := []lab.Knob{
		lab.NewBool("plain", false), lab.NewText("card", ""), progressFlag(),
		lab.NewChoice("format", append([]string{"text"}, console.Formats()...)...), seedFlag(), languageFlag(),
		lab.NewText("cards", ""), lab.NewBool("only-cards", false), lab.NewText("lab", ""),
		lab.NewText("student", ""), lab.NewInt("seeds", 1, 1, 100), lab.NewBool("golden", true),
	}
	for _, flag := range runFiles() {
		flags = append(flags, lab.NewText(flag, ""))
	}
	return append(flags, brokerFlags()...)
}

// runCourse is the course without the screen.
func runCourse(ctx context.Context, c *call) error {
	if len(c.args) > 0 && c.args[0] == courseLint {
		return c.lintCards(ctx)
	}
	book, err := c.loadBook()
	if err != nil {
		return err
	}
	store, err := c.openStore(ctx)
	if err != nil {
		return err
	}
	out := console.Printer{Book: book, Store: store, Text: c.text, Out: c.Stdout}
	if c.flags.Bool("plain") {
		return c.guide(ctx, out)
	}
	word := courseStatus
	if len(c.args) > 0 {
		word = c.args[0]
	}
	switch word {
	case courseList:
		return out.List(c.wantsJSON())
	case courseStatus:
		return out.Status(c.wantsJSON())
	case courseReport:
		return out.Write(c.flags.Text("format"), report.New(book, store, c.text.Lang(), report.Options{
			Program: "resilab", Student: c.flags.Text("student"), Now: time.Now(),
		}))
	case courseCheck:
		return c.checkCard(ctx, out)
	}
	if author, ok := c.authorWords()[word]; ok {
		return author(ctx, out)
	}
	allowed := strings.Join([]string{courseList, courseStatus, courseCheck, courseReport, courseLint, courseNew, coursePlay, courseVerify}, "|")
	return usageError{errors.New(c.text.T("cli.course.unknown", word, allowed))}
}

// guide leads through one card line by line; without a name, through the first.
func (c *call) guide(ctx context.Context, out console.Printer) error {
	id, err := c.cardID(out, c.flags.Text("card"))
	if err != nil {
		return err
	}
	session, err := c.newSession()
	if err != nil {
		return err
	}
	g := console.Guide{Printer: out, In: c.Stdin, Now: time.Now,
		Open: func(labID string, settings lab.Settings) (*lab.Experiment, error) {
			entry, ok := c.Labs.Find(labID)
			if !ok {
				return nil, fmt.Errorf("no lab %s", labID)
			}
			return session.Experiment(entry, labs.Setup{Seed: uint64(c.flags.Int("seed")), Settings: settings})
		}}
	return errors.Join(g.Run(ctx, id), session.Close())
}

// checkCard judges the runs that were kept, or two files of resilab run.
func (c *call) checkCard(ctx context.Context, out console.Printer) error {
	word := ""
	if len(c.args) > 1 {
		word = c.args[1]
	}
	id, err := c.cardID(out, word)
	if err != nil {
		return err
	}
	var passed bool
	if c.isGiven("a") || c.isGiven("b") {
		passed, err = c.checkFiles(ctx, out, id)
	} else {
		passed, err = out.Check(id)
	}
	if err == nil && !passed {
		err = errReported
	}
	return err
}

// checkFiles judges the runs in the files of --a, --b and so on.
func (c *call) checkFiles(ctx context.Context, out console.Printer, id string) (passed bool, err error) {
	var runs [][]byte
	for i, flag := range runFiles() {
		path := c.flags.Text(flag)
		if path == "" && i < 2 {
			return false, usageError{errors.New(c.text.T("cli.error.novalue", "--"+flag, c.text.T("cli.help.type.text")))}
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
	return out.CheckRuns(id, runs...)
}

// runFiles are the flags that name files with runs: a, b and so on.
func runFiles() []string { return strings.Split(course.Letters, "") }

// cardID finds a card by what was typed; nothing means the first.
func (c *call) cardID(out console.Printer, typed string) (string, error) {
	ids := out.Book.IDs()
	if typed == "" {
		return ids[0], nil
	}
	card, ok := out.Book.Find(strings.ToUpper(typed))
	if !ok {
		return "", usageError{&lab.KnobError{Knob: "card", Value: typed, Allowed: strings.Join(ids, "|")}}
	}
	return card.ID, nil
}
