package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/course"
	"resilab/labs/lab"
	"resilab/tui/input"
	"resilab/tui/theme"
)

// rootFlags are those of resilab without a command.
func (c *call) rootFlags() []lab.Knob {
	flags := []lab.Knob{lab.NewChoice("lab", c.Labs.IDs(nil)...), lab.NewText("card", "")}
	flags = append(flags, c.screenFlags()...)
	flags = append(flags, progressFlag(), seedFlag(), languageFlag())
	return append(append(flags, themeFlags()...), brokerFlags()...)
}

// screenFlags are the knobs that a lab reads when it starts and that have another
// default on a person's own screen.
func (c *call) screenFlags() (flags []lab.Knob) {
	for _, e := range c.Labs {
		for _, id := range slices.Sorted(maps.Keys(e.OnScreen)) {
			flags = append(flags, lab.NewText(id, e.OnScreen.Text(id)))
		}
	}
	return flags
}

// runRoot opens the labs on this terminal.
func runRoot(ctx context.Context, c *call) error {
	if err := c.noArgs(); err != nil {
		return err
	}
	if !isTerminal(c.Stdin) || !isTerminal(c.Stdout) {
		return usageError{errors.New(c.text.T("cli.error.notterminal", strings.Join(c.Labs.IDs(nil), "|")))}
	}
	watch, err := c.watchTerminal() // first, because it takes a moment to be ready
	if err != nil {
		return err
	}
	return errors.Join(c.openLabs(ctx, watch), watch.close())
}

// openLabs makes the program and shows it.
func (c *call) openLabs(ctx context.Context, watch *terminalWatch) error {
	look, err := c.theme()
	if err != nil {
		return usageError{err}
	}
	s := screen{
		labs: c.Labs, panes: c.Panes,
		lang: c.text.Lang(), theme: look, seed: uint64(c.flags.Int("seed")),
		first: c.flags.Text("lab"), start: lab.Settings{},
	}
	for _, k := range c.screenFlags() {
		s.start[k.ID] = c.flags[k.ID]
	}
	if s.texts, err = catalogues(c.Labs); err != nil {
		return err
	}
	store, err := c.openStore(ctx)
	if err != nil {
		return err
	}
	s.store = store
	if err := c.openCourse(&s); err != nil {
		return err
	}
	if s.session, err = c.newSession(); err != nil {
		return err
	}
	return errors.Join(c.show(ctx, s, watch), s.session.Close(), store.Err())
}

// openCourse loads the cards and finds the one that --card names.
func (c *call) openCourse(s *screen) (err error) {
	if s.book, err = course.Load(c.Labs.Specs()...); err != nil {
		return err
	}
	id := c.flags.Text("card")
	if id == "" {
		return nil
	}
	card, ok := s.book.Find(strings.ToUpper(id))
	if !ok {
		return usageError{&lab.KnobError{Knob: "card", Value: id, Allowed: strings.Join(s.book.IDs(), "|")}}
	}
	s.card, s.first = card.ID, card.Spec.ID
	return nil
}

// openStore reads the person's progress. Where there is no home to keep a file
// in, or one that this user may not read, the progress lasts as long as the
// program, which says so.
func (c *call) openStore(ctx context.Context) (*course.Store, error) {
	path := c.flags.Text("progress")
	if path != "" {
		return course.OpenStore(ctx, path)
	}
	dir, err := configDir(c.Getenv)
	if err != nil {
		c.note(c.text.T("cli.course.nohome"))
		return course.NewStore(), nil
	}
	store, err := course.OpenStore(ctx, filepath.Join(dir, "progress.json"))
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOTDIR) {
		c.note(c.text.T("cli.course.unreadable", oneLine(err.Error())))
		return course.NewStore(), nil
	}
	return store, err
}

// show runs the program until the person leaves or ctx ends.
func (c *call) show(ctx context.Context, s screen, watch *terminalWatch) error {
	model, err := s.model()
	if err != nil {
		return err
	}
	if err := watch.await(); err != nil {
		return err
	}
	keys, err := input.OpenTerminal(c.Stdin.(*os.File)) // runRoot has seen that it is one
	if err != nil {
		return err
	}
	options := append(model.ProgramOptions(),
		tea.WithoutSignalHandler(), tea.WithInput(keys), tea.WithOutput(c.Stdout))
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

func (c *call) theme() (*theme.Theme, error) {
	glyphs, err := theme.ParseGlyphs(c.flags.Text("glyphs"))
	if err != nil {
		return nil, fmt.Errorf("--glyphs: %w", err)
	}
	if c.flags.Bool("ascii") {
		glyphs = theme.ASCII
	}
	return theme.New(theme.Options{
		Getenv: c.Getenv, Dark: background(c.flags.Text("theme"), c.Getenv("COLORFGBG")),
		Glyphs: glyphs, ReducedMotion: c.flags.Bool("reduced-motion"),
	}), nil
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
