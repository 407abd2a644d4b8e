package cli

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"resilab/labs"
	"resilab/labs/course"
	"resilab/labs/course/tour"
	"resilab/labs/lab"
	"resilab/tui/app"
)

func demoFlags() []lab.Knob {
	flags := append([]lab.Knob{lab.NewBool("loop", false), seedFlag(), languageFlag()}, themeFlags()...)
	return append(flags, brokerFlags()...)
}

// runDemo plays a tour on this terminal. A key ends it, and the labs go on.
func runDemo(ctx context.Context, c *call) error {
	tours, err := tour.Load(c.world.Labs.Specs()...)
	if err != nil {
		return err
	}
	t, err := typedTour(tours, c.in.args)
	if err != nil {
		return err
	}
	if err := needScreen(c); err != nil {
		return err
	}
	watch, err := watchTerminal(c.world) // first, because it takes a moment to be ready
	if err != nil {
		return err
	}
	return errors.Join(openDemo(ctx, c, watch, app.TourOptions{Tour: t, Loop: c.in.flags.Bool("loop")}), watch.close())
}

// typedTour finds the tour that is named, or the one of the whole.
func typedTour(tours []*tour.Tour, args []string) (*tour.Tour, error) {
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	if len(args) > 1 {
		return nil, noTour(tours, strings.Join(args, " "))
	}
	t, ok := tour.Find(tours, name)
	if !ok {
		return nil, noTour(tours, name)
	}
	return t, nil
}

// tourNamed loads the tour with a name.
func tourNamed(registry labs.Registry, name string) (*tour.Tour, error) {
	tours, err := tour.Load(registry.Specs()...)
	if err != nil {
		return nil, err
	}
	return typedTour(tours, []string{name})
}

func noTour(tours []*tour.Tour, name string) error {
	return usageError{&lab.KnobError{Knob: "demo", Value: name, Allowed: strings.Join(tourIDs(tours), "|")}}
}

func tourIDs(tours []*tour.Tour) (ids []string) {
	for _, t := range tours {
		ids = append(ids, t.ID)
	}
	return slices.Clip(ids)
}

// openDemo makes the program with a tour and shows it. Nothing is kept of what is
// done in the course then.
func openDemo(ctx context.Context, c *call, watch *terminalWatch, t app.TourOptions) error {
	look, err := themeOf(c.in.flags, c.world.Getenv)
	if err != nil {
		return usageError{err}
	}
	s := screen{labs: c.world.Labs, panes: c.world.Panes, lang: c.text.Lang(), theme: look, runs: labRuns{seed: c.in.seed()},
		first: t.Tour.Steps[0].Spec.ID}
	if s.texts, err = catalogues(c.world.Labs); err != nil {
		return err
	}
	if s.course.book, err = course.Load(c.world.Labs.Specs()...); err != nil {
		return err
	}
	s.course.store, s.course.tour = course.NewStore(), t
	if s.session, err = c.openSession(); err != nil {
		return err
	}
	term := terminal{in: c.world.Stdin.(*os.File), out: c.world.Stdout, watch: watch} // runDemo has seen that it is one
	return errors.Join(term.show(ctx, s), s.session.Close())
}
