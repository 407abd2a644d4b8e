package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"resilab/labs"
	"resilab/labs/course"
	"resilab/labs/course/console"
	"resilab/labs/course/trial"
	"resilab/labs/lab"
	"resilab/labs/textfile"
)

// cardSource is where the cards come from.
type cardSource struct {
	labs labs.Registry
	dir  string // a folder of a teacher's cards; empty: only the course's
	only bool   // without the course's cards
}

// cardFlags name a teacher's folder of cards.
func cardFlags() []lab.Knob {
	return []lab.Knob{lab.NewText("cards", ""), lab.NewBool("only-cards", false)}
}

// cardsOf returns where the cards of a call come from.
func cardsOf(c *call) cardSource {
	return cardSource{labs: c.world.Labs, dir: c.in.flags.Text("cards"), only: c.in.flags.Bool("only-cards")}
}

// load loads the course's cards, and those of the folder beside or instead of
// them. create makes the folder if it is missing.
func (s cardSource) load(create bool) (*course.Book, error) {
	if s.dir == "" {
		return course.Load(s.labs.Specs()...)
	}
	if create {
		if err := os.MkdirAll(filepath.Join(s.dir, "cards"), 0o755); err != nil {
			return nil, usageError{fmt.Errorf("--cards: %w", err)}
		}
	}
	folder, err := course.OpenFolder(s.dir)
	if err != nil {
		return nil, usageError{fmt.Errorf("--cards: %w", err)}
	}
	book, err := course.LoadFolder(folder.FS(), s.only, s.labs.Specs()...)
	return book, errors.Join(err, folder.Close())
}

// author is what a teacher does with cards and reports.
type author struct {
	in     values
	out    console.Printer
	labs   labs.Registry
	player player
}

// words are the author's words after resilab course that need the cards loaded.
func (a author) words() map[string]func(context.Context) error {
	return map[string]func(context.Context) error{courseNew: a.newCard, coursePlay: a.play, courseVerify: a.verify}
}

// newCard writes the template of a card.
func (a author) newCard(context.Context) error {
	id, err := a.argument("ID")
	if err != nil {
		return err
	}
	dir := cmp.Or(a.in.flags.Text("cards"), ".")
	return a.out.NewCard(dir, id, cmp.Or(a.in.flags.Text("lab"), a.labs.IDs(nil)[0]))
}

// play plays a card with the settings that are known to pass.
func (a author) play(ctx context.Context) error {
	id, err := a.argument("ID")
	if err != nil {
		return err
	}
	return a.judge(func(p *trial.Player) (bool, error) { return a.out.Play(ctx, id, p, a.in.seed()) })
}

// verify plays the runs of a report again.
func (a author) verify(ctx context.Context) error {
	path, err := a.argument("REPORT.json")
	if err != nil {
		return err
	}
	text, err := textfile.Read(ctx, path)
	if err != nil {
		return usageError{err}
	}
	return a.judge(func(p *trial.Player) (bool, error) { return a.out.Verify(ctx, []byte(text), p) })
}

// lint writes the mistakes in a folder of cards.
func (a author) lint(ctx context.Context) error {
	dir, err := a.argument("DIR")
	if err != nil {
		return err
	}
	folder, err := course.OpenFolder(dir)
	if err != nil {
		return usageError{err}
	}
	err = a.judge(func(p *trial.Player) (bool, error) {
		return a.out.Lint(ctx, folder.FS(), p, a.in.flags.Int("seeds"), a.labs.Specs()...)
	})
	return errors.Join(err, folder.Close())
}

// argument returns what follows the word after course.
func (a author) argument(name string) (string, error) { return courseArgument(a.in, name) }

// courseArgument returns what follows the word after course.
func courseArgument(in values, name string) (string, error) {
	if len(in.args) < 2 {
		return "", usageError{fmt.Errorf("course %s: %s is missing", in.args[0], name)}
	}
	return in.args[1], nil
}

// judge calls use with a player of runs. What use finds wrong is the exit code 1.
func (a author) judge(use func(*trial.Player) (bool, error)) error {
	return a.player.with(func(open opener) error {
		ok, err := use(&trial.Player{Open: open})
		if err == nil && !ok {
			err = errReported
		}
		return err
	})
}
