// Command measure plays course cards under many seeds and prints how often they
// pass as they start and with their golden settings. With --write it records the
// figures in the cards' files.
//
//	go run ./labs/course/measure --seeds 20 --write
//	go run ./labs/course/measure --seeds 5 --amqp-url URL --redis-url URL --write
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"resilab/brokers"
	"resilab/labs"
	"resilab/labs/course"
	"resilab/labs/course/trial"
	"resilab/labs/lab"
)

// options are the flags.
type options struct {
	cards  string
	dir    string
	seeds  int
	first  uint64
	jobs   int
	faster int
	write  bool
	urls   map[string]string
}

func main() {
	opt, err := parse(os.Args[1:])
	if err == nil {
		err = run(context.Background(), opt, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func parse(args []string) (opt options, err error) {
	f := flag.NewFlagSet("measure", flag.ContinueOnError)
	f.StringVar(&opt.cards, "cards", "", "ids of cards, by commas; empty: all")
	f.StringVar(&opt.dir, "dir", filepath.Join("labs", "course", "content"), "folder of the cards")
	f.IntVar(&opt.seeds, "seeds", 5, "how many seeds")
	f.Uint64Var(&opt.first, "first", 1, "the first seed")
	f.IntVar(&opt.jobs, "jobs", 2, "plays at once")
	f.IntVar(&opt.faster, "faster", 0, "steps the clock is sped up: 1 is twice, 2 four times")
	f.BoolVar(&opt.write, "write", false, "record the figures in the cards' files")
	amqp := f.String("amqp-url", "", "a real RabbitMQ")
	redis := f.String("redis-url", "", "a real Redis")
	err = f.Parse(args)
	opt.urls = map[string]string{}
	for kind, url := range map[string]string{lab.AMQP: *amqp, lab.Redis: *redis} {
		if url != "" {
			opt.urls[kind] = url
		}
	}
	return opt, err
}

func run(ctx context.Context, opt options, out io.Writer) (err error) {
	registry := labs.All()
	book, err := opt.load()
	if err != nil {
		return err
	}
	session, err := labs.NewSession(brokers.Choice{URLs: opt.urls})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	player := &trial.Player{Faster: opt.faster, Open: func(id string, seed uint64, settings lab.Settings) (*lab.Experiment, error) {
		entry, _ := registry.Find(id)
		return session.Experiment(entry, labs.Setup{Seed: seed, Settings: settings})
	}}
	fmt.Fprintln(out, "card | golden | starting | figures, lowest..highest")
	for _, card := range book.Cards() {
		if !opt.wants(card) {
			continue
		}
		began := time.Now()
		t := player.Measure(ctx, card, opt.first, opt.seeds, opt.jobs)
		report(out, t, time.Since(began))
		if opt.write {
			if err := opt.record(t); err != nil {
				return err
			}
		}
	}
	return nil
}

// load reads the cards of the folder.
func (o options) load() (*course.Book, error) {
	folder, err := course.OpenFolder(o.dir)
	if err != nil {
		return nil, err
	}
	book, err := course.LoadFolder(folder.FS(), true, labs.All().Specs()...)
	return book, errors.Join(err, folder.Close())
}

// wants reports whether a card is to be measured: it is named, or none is, and
// the brokers suit it.
func (o options) wants(card *course.Card) bool {
	if o.cards != "" && !slices.Contains(strings.Split(o.cards, ","), card.ID) {
		return false
	}
	_, real := o.urls[card.Broker]
	return real || card.Needs == "" && len(o.urls) == 0
}

// report writes one line about a card, and one for each failure.
func report(out io.Writer, t trial.Trials, took time.Duration) {
	var runs []string
	for i := range t.Card.Runs() {
		var figures []string
		for _, m := range t.Card.Figures() {
			if r := t.Figures.Runs[course.Letters[i:i+1]][m.ID]; r != nil {
				figures = append(figures, fmt.Sprintf("%s %.4g..%.4g", m.ID, r[0], r[1]))
			}
		}
		runs = append(runs, course.Letters[i:i+1]+": "+strings.Join(figures, ", "))
	}
	fmt.Fprintf(out, "%s | %d/%d | %d/%d | %s | %.0f s\n", t.Card.ID, t.Passed, t.Seeds, t.Started, t.Seeds,
		strings.Join(runs, "; "), took.Seconds())
	for _, failure := range t.Failures {
		fmt.Fprintf(out, "  %s %s\n", t.Card.ID, failure)
	}
}

// record writes the figures into the card's file. Figures of a card that failed
// are not recorded.
func (o options) record(t trial.Trials) error {
	if t.Passed < t.Seeds || t.Started > 0 {
		return nil
	}
	book, err := o.load() // again: another measurement may have written meanwhile
	if err != nil {
		return err
	}
	card, ok := book.Find(t.Card.ID)
	if !ok {
		return fmt.Errorf("the card %s is no longer in %s", t.Card.ID, o.dir)
	}
	path := filepath.Join(o.dir, "cards", t.Card.ID+".yaml")
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	m := card.Measured
	if o.urls[t.Card.Broker] != "" {
		m.Real = &t.Figures
	} else {
		m.Embedded = &t.Figures
	}
	if err := os.WriteFile(path, course.WithMeasured(data, m), 0o644); err != nil {
		return fmt.Errorf("recording the figures of %s: %w", t.Card.ID, err)
	}
	return nil
}
