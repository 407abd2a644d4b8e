package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"resilab/labs"
	"resilab/labs/course/console"
	"resilab/labs/lab"
)

// Words after resilab course.
const (
	courseList   = "list"
	courseStatus = "status"
	courseCheck  = "check"
	courseReport = "report"
)

func courseFlags() []lab.Knob {
	flags := []lab.Knob{
		lab.NewBool("plain", false), lab.NewText("card", ""), progressFlag(),
		lab.NewText("a", ""), lab.NewText("b", ""),
		formatFlag(), seedFlag(), languageFlag(),
	}
	return append(flags, brokerFlags()...)
}

// runCourse is the course without the screen.
func runCourse(ctx context.Context, c *call) error {
	book, err := openBook()
	if err != nil {
		return err
	}
	store, err := c.openStore()
	if err != nil {
		return err
	}
	desk := console.Desk{Book: book, Store: store, Text: c.text, Out: c.Stdout}
	if c.flags.Bool("plain") {
		return c.guide(ctx, desk)
	}
	word := courseStatus
	if len(c.args) > 0 {
		word = c.args[0]
	}
	switch word {
	case courseList:
		return desk.List()
	case courseStatus:
		return desk.Status()
	case courseReport:
		return desk.Report(c.flags.Text("format") == "json")
	case courseCheck:
		return c.checkCard(desk)
	}
	allowed := strings.Join([]string{courseList, courseStatus, courseCheck, courseReport}, "|")
	return usageError{errors.New(c.text.T("cli.course.unknown", word, allowed))}
}

// guide leads through one card line by line; without a name, through the first.
func (c *call) guide(ctx context.Context, desk console.Desk) error {
	id, err := c.cardID(desk, c.flags.Text("card"))
	if err != nil {
		return err
	}
	session, err := c.newSession()
	if err != nil {
		return err
	}
	g := console.Guide{Desk: desk, In: c.Stdin, Now: time.Now,
		Open: func(labID string, settings lab.Settings) (*lab.Experiment, error) {
			entry, ok := labs.Find(labID)
			if !ok {
				return nil, fmt.Errorf("no lab %s", labID)
			}
			return session.Experiment(entry, labs.Setup{Seed: uint64(c.flags.Int("seed")), Settings: settings})
		}}
	return errors.Join(g.Run(ctx, id), session.Close())
}

// checkCard judges the runs that were kept, or two files of resilab run.
func (c *call) checkCard(desk console.Desk) error {
	word := ""
	if len(c.args) > 1 {
		word = c.args[1]
	}
	id, err := c.cardID(desk, word)
	if err != nil {
		return err
	}
	var passed bool
	if a, b := c.flags.Text("a"), c.flags.Text("b"); a != "" || b != "" {
		passed, err = checkFiles(desk, id, a, b)
	} else {
		passed, err = desk.Check(id)
	}
	if err == nil && !passed {
		err = errReported
	}
	return err
}

func checkFiles(desk console.Desk, id, fileA, fileB string) (passed bool, err error) {
	a, err := os.ReadFile(fileA)
	if err != nil {
		return false, usageError{fmt.Errorf("--a: %w", err)}
	}
	b, err := os.ReadFile(fileB)
	if err != nil {
		return false, usageError{fmt.Errorf("--b: %w", err)}
	}
	return desk.CheckRuns(id, a, b)
}

// cardID finds a card by what was typed; nothing means the first.
func (c *call) cardID(desk console.Desk, typed string) (string, error) {
	ids := desk.Book.IDs()
	if typed == "" {
		return ids[0], nil
	}
	card, ok := desk.Book.Find(strings.ToUpper(typed))
	if !ok {
		return "", usageError{&lab.KnobError{Knob: "card", Value: typed, Allowed: strings.Join(ids, "|")}}
	}
	return card.ID, nil
}
