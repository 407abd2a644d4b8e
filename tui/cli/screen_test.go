package cli

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/brokers"
	"resilab/labs"
	"resilab/labs/course"
	"resilab/labs/i18n"
	"resilab/tui/panes"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

// At 80x24 the panel has three rows of 34 cells for what the chosen knob does.
func TestKnobHelpFitsTheSmallestPanel(t *testing.T) {
	for _, lang := range i18n.Langs() {
		text, err := catalogue(labs.All(), lang)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range labs.All() {
			for _, k := range e.Spec.Knobs {
				if rows := widget.Wrap(text.T(e.Spec.ID+".knob."+k.ID+".help"), 34); !k.Setup && len(rows) > 3 {
					t.Errorf("%s, %s of %s: %q", lang, k.ID, e.Spec.ID, rows)
				}
			}
		}
	}
}

// BenchmarkFrame builds one frame of each lab at 120x40. The labs have measured
// for a while on the embedded brokers and are paused.
func BenchmarkFrame(b *testing.B) {
	m := pausedLabs(b)
	for i, e := range labs.All() {
		m.Update(key(strconv.Itoa(i + 1)))
		b.Run(e.Spec.ID, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.Update(tea.WindowSizeMsg{Width: 120, Height: 40}) // the last frame is no longer good
				m.View()
			}
		})
	}
}

func key(name string) tea.KeyMsg { return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(name)} }

// pausedLabs runs the program without a terminal until its labs have something
// to show, and pauses them.
func pausedLabs(b *testing.B) tea.Model {
	b.Helper()
	session, err := labs.NewSession(brokers.Choice{})
	if err != nil {
		b.Fatal(err)
	}
	book, err := course.Load(labs.All().Specs()...)
	if err != nil {
		b.Fatal(err)
	}
	store, err := course.OpenStore(b.Context(), filepath.Join(b.TempDir(), "progress.json"))
	if err != nil {
		b.Fatal(err)
	}
	texts, err := catalogues(labs.All())
	if err != nil {
		b.Fatal(err)
	}
	colours := map[string]string{"TERM": "xterm-256color", "COLORTERM": "truecolor"}
	m, err := screen{labs: labs.All(), panes: panes.All(), session: session, lang: i18n.Spanish, texts: texts, runs: labRuns{seed: 1}, course: courseParts{book: book, store: store},
		theme: theme.New(theme.Options{Getenv: func(name string) string { return colours[name] }})}.model()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := errors.Join(m.Close(context.Background()), session.Close()); err != nil {
			b.Error(err)
		}
	})
	program := tea.NewProgram(m, tea.WithInput(nil), tea.WithOutput(io.Discard), tea.WithoutRenderer())
	go func() {
		program.Send(tea.WindowSizeMsg{Width: 120, Height: 40})
		for i := range labs.All() {
			program.Send(key(strconv.Itoa(i + 1)))
			time.Sleep(3 * time.Second)
			program.Send(key(" "))
		}
		time.Sleep(time.Second) // for the last snapshot
		program.Quit()
	}()
	shown, err := program.Run()
	if err != nil {
		b.Fatal(err)
	}
	return shown
}
