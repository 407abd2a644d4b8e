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

// loadBook loads the course's cards, and those of --cards beside or instead of
// them.
func (c *call) loadBook() (*course.Book, error) {
	dir := c.flags.Text("cards")
	if dir == "" {
		return course.Load(c.Labs.Specs()...)
	}
	if len(c.args) > 0 && c.args[0] == courseNew {
		if err := os.MkdirAll(filepath.Join(dir, "cards"), 0o755); err != nil {
			return nil, usageError{fmt.Errorf("--cards: %w", err)}
		}
	}
	folder, err := course.OpenFolder(dir)
	if err != nil {
		return nil, usageError{fmt.Errorf("--cards: %w", err)}
	}
	book, err := course.LoadFolder(folder.FS(), c.flags.Bool("only-cards"), c.Labs.Specs()...)
	return book, errors.Join(err, folder.Close())
}

// authorWords are what a teacher does with cards and reports.
func (c *call) authorWords() map[string]func(context.Context, console.Printer) error {
	return map[string]func(context.Context, console.Printer) error{
		courseNew: func(_ context.Context, out console.Printer) error {
			id, err := c.argument("ID")
			if err != nil {
				return err
			}
			dir := c.flags.Text("cards")
			if dir == "" {
				dir = "."
			}
			return out.NewCard(dir, id, cmp.Or(c.flags.Text("lab"), c.Labs.IDs(nil)[0]))
		},
		coursePlay: func(ctx context.Context, out console.Printer) error {
			id, err := c.argument("ID")
			if err != nil {
				return err
			}
			return c.withPlayer(func(p *trial.Player) (bool, error) {
				return out.Play(ctx, id, p, uint64(c.flags.Int("seed")))
			})
		},
		courseVerify: func(ctx context.Context, out console.Printer) error {
			path, err := c.argument("REPORT.json")
			if err != nil {
				return err
			}
			text, err := textfile.Read(ctx, path)
			if err != nil {
				return usageError{err}
			}
			return c.withPlayer(func(p *trial.Player) (bool, error) { return out.Verify(ctx, []byte(text), p) })
		},
	}
}

// argument returns what follows the word after course.
func (c *call) argument(name string) (string, error) {
	if len(c.args) < 2 {
		return "", usageError{fmt.Errorf("course %s: %s is missing", c.args[0], name)}
	}
	return c.args[1], nil
}

// lintCards writes the mistakes in a folder of cards.
func (c *call) lintCards(ctx context.Context) error {
	dir, err := c.argument("DIR")
	if err != nil {
		return err
	}
	folder, err := course.OpenFolder(dir)
	if err != nil {
		return usageError{err}
	}
	out := console.Printer{Text: c.text, Out: c.Stdout}
	err = c.withPlayer(func(p *trial.Player) (bool, error) {
		return out.Lint(ctx, folder.FS(), p, c.flags.Int("seeds"), c.Labs.Specs()...)
	})
	return errors.Join(err, folder.Close())
}

// withPlayer calls use with a player of runs. What use finds wrong is the exit
// code 1.
func (c *call) withPlayer(use func(*trial.Player) (bool, error)) error {
	session, err := c.newSession()
	if err != nil {
		return err
	}
	ok, err := use(&trial.Player{Open: func(labID string, seed uint64, settings lab.Settings) (*lab.Experiment, error) {
		entry, found := c.Labs.Find(labID)
		if !found {
			return nil, fmt.Errorf("no lab %s", labID)
		}
		return session.Experiment(entry, labs.Setup{Seed: seed, Settings: settings})
	}})
	if err == nil && !ok {
		err = errReported
	}
	return errors.Join(err, session.Close())
}
