package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs"
	"resilab/labs/lab"
	"resilab/tui/input"
	"resilab/tui/theme"
)

// rootFlags are those of resilab without a command.
func rootFlags(all labs.Registry) []lab.Knob {
	return append([]lab.Knob{lab.NewChoice("lab", all.IDs(nil)...), lab.NewText("card", "")}, screenFlags(all)...)
}

// screenFlags are those of every command that opens the labs on the terminal.
func screenFlags(all labs.Registry) []lab.Knob {
	flags := append(append(placeFlags(all), cardFlags()...), lab.NewText("a", ""), progressFlag(), seedFlag(), languageFlag())
	return append(append(flags, themeFlags()...), brokerFlags()...)
}

// placeFlags are the knobs that a lab reads when it starts and that have another
// default on a person's own screen.
func placeFlags(all labs.Registry) (flags []lab.Knob) {
	for _, e := range all {
		for _, id := range slices.Sorted(maps.Keys(e.OnScreen)) {
			flags = append(flags, lab.NewText(id, e.OnScreen.Text(id)))
		}
	}
	return flags
}

// runRoot opens the labs on this terminal.
func runRoot(ctx context.Context, c *call) error {
	if err := c.in.noArgs(); err != nil {
		return err
	}
	start, first, err := c.set.knobsOfLabs(c.in)
	if err != nil {
		return err
	}
	return onTerminal(ctx, c, opening{first: first, card: c.in.flags.Text("card"), runs: labRuns{seed: c.in.seed(), start: start}})
}

// opening is what the labs are opened with.
type opening struct {
	first string // lab shown first
	card  string // as typed; empty: none
	runs  labRuns
}

// onTerminal opens the labs on this terminal.
func onTerminal(ctx context.Context, c *call, o opening) error {
	if err := needScreen(c); err != nil {
		return err
	}
	watch, err := watchTerminal(c.world) // first, because it takes a moment to be ready
	if err != nil {
		return err
	}
	return errors.Join(openLabs(ctx, c, o, watch), watch.close())
}

// openLabs makes the program and shows it.
func openLabs(ctx context.Context, c *call, o opening, watch *terminalWatch) error {
	s, err := screenOf(c, o, c.world.Getenv)
	if err != nil {
		return err
	}
	for _, e := range c.world.Labs {
		for id := range e.OnScreen {
			s.runs.start[e.Spec.ID] = s.runs.settings(e.Spec).With(id, c.in.flags[id])
		}
	}
	s.own.save = saveHere
	if s.runs.a, err = loadRunA(ctx, c); err != nil {
		return err
	}
	store, err := progressFile{path: c.in.flags.Text("progress"), getenv: c.world.Getenv, out: c.out}.open(ctx)
	if err != nil {
		return err
	}
	s.course.store = store
	if s.session, err = c.openSession(); err != nil {
		return err
	}
	t := terminal{in: c.world.Stdin.(*os.File), out: c.world.Stdout, watch: watch} // onTerminal has seen that it is one
	return errors.Join(t.show(ctx, s), s.session.Close(), store.Err())
}

// screenOf makes the screen that the flags describe, without session and progress.
// getenv is the environment of its terminal.
func screenOf(c *call, o opening, getenv func(string) string) (s screen, err error) {
	look, err := themeOf(c.in.flags, getenv)
	if err != nil {
		return s, usageError{err}
	}
	s = screen{
		labs: c.world.Labs, panes: c.world.Panes,
		lang: c.text.Lang(), theme: look, first: o.first, runs: o.runs,
	}
	if s.own.keymap, err = c.outer.config.keymap(c.text); err != nil {
		return s, usageError{err}
	}
	if s.texts, err = catalogues(c.world.Labs); err != nil {
		return s, err
	}
	if s.course, err = openCourse(cardsOf(c), o.card); err != nil {
		return s, err
	}
	if card, ok := s.course.book.Find(s.course.card); ok {
		s.first = card.Spec.ID
	}
	return s, nil
}

// saveHere writes a new file into the present folder and returns its path. It does
// not overwrite one.
func saveHere(name string, data []byte) (path string, err error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return "", err
	}
	if _, err := file.Write(data); err != nil {
		return "", errors.Join(err, file.Close())
	}
	return name, file.Close()
}

// openCourse loads the cards and finds the one that typed names, if any.
func openCourse(cards cardSource, typed string) (c courseParts, err error) {
	if c.book, err = cards.load(false); err != nil || typed == "" {
		return c, err
	}
	card, ok := c.book.Find(strings.ToUpper(typed))
	if !ok {
		return c, usageError{&lab.KnobError{Knob: "card", Value: typed, Allowed: strings.Join(c.book.IDs(), "|")}}
	}
	c.card = card.ID
	return c, nil
}

// terminal is the person's terminal.
type terminal struct {
	in    *os.File
	out   io.Writer
	watch *terminalWatch
}

// show runs the program until the person leaves or ctx ends.
func (t terminal) show(ctx context.Context, s screen) error {
	model, err := s.model()
	if err != nil {
		return err
	}
	if err := t.watch.await(); err != nil {
		return err
	}
	keys, err := input.OpenTerminal(t.in)
	if err != nil {
		return err
	}
	options := append(model.ProgramOptions(),
		tea.WithoutSignalHandler(), tea.WithInput(keys), tea.WithOutput(t.out), tea.WithFilter(yieldKeys(keys)))
	program := tea.NewProgram(model, options...)
	// A signal quits like the key does: ending the program's own context would
	// close the terminal under its reader.
	defer context.AfterFunc(ctx, program.Quit)()
	_, err = program.Run()
	if err != nil {
		err = fmt.Errorf("showing the labs: %w", err)
	}
	closing, cancel := detached(ctx)
	defer cancel()
	return errors.Join(err, keys.Close(), model.Close(closing))
}

// yieldKeys ends the reading of keys when the program is suspended: it starts again
// when it is continued, and the former reader would take the first key.
func yieldKeys(keys *input.Terminal) func(tea.Model, tea.Msg) tea.Msg {
	return func(_ tea.Model, msg tea.Msg) tea.Msg {
		if _, ok := msg.(tea.SuspendMsg); ok {
			keys.Yield()
		}
		return msg
	}
}

// themeOf reads the flags of the theme.
func themeOf(flags lab.Settings, getenv func(string) string) (*theme.Theme, error) {
	glyphs, err := theme.ParseGlyphs(flags.Text("glyphs"))
	if err != nil {
		return nil, fmt.Errorf("--glyphs: %w", err)
	}
	if flags.Bool("ascii") {
		glyphs = theme.ASCII
	}
	return theme.New(theme.Options{
		Getenv: getenv, Dark: background(flags.Text("theme"), getenv("COLORFGBG")), Name: themeName(flags.Text("theme")),
		Glyphs: glyphs, ReducedMotion: flags.Bool("reduced-motion"),
	}), nil
}

// themeName is the theme that --theme names; where it names only a background, the
// terminal's own colours.
func themeName(choice string) string {
	if slices.Contains(theme.Names(), choice) {
		return choice
	}
	return theme.Terminal
}

// background reports whether the terminal is dark: as --theme says, else as
// COLORFGBG ("15;0") says, else nil. The terminal is not queried: one that does
// not answer would swallow the first keys.
func background(choice, colorFGBG string) *bool {
	switch choice {
	case "dark":
		return new(true)
	case "light":
		return new(false)
	}
	_, last, found := strings.Cut(colorFGBG, ";")
	if i := strings.LastIndex(last, ";"); i >= 0 {
		last = last[i+1:]
	}
	n, err := strconv.Atoi(last)
	if !found || err != nil {
		return nil
	}
	return new(n < 7 || n == 8)
}
