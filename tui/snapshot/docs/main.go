// Command docs makes the pictures of the documentation from the running
// program: real labs on the embedded brokers, driven by keys.
//
//	go run ./tui/snapshot/docs docs
package main

//go:generate go run . ../../../docs
//go:generate go run ../../.. record --demo all --for 34s --moving --columns 100 --rows 28 --lang en --out ../../../docs/tour.svg

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/brokers"
	"resilab/labs"
	"resilab/labs/i18n"
	"resilab/tui/app"
	"resilab/tui/panes"
	"resilab/tui/snapshot"
	"resilab/tui/theme"
)

// picture is one file: a lab, and the keys that lead to what it shows.
type picture struct {
	file string
	lab  string
	keys []string      // pressed one after another once the lab lives
	wait time.Duration // for the lab to have something to show
}

const (
	width, height = 110, 34
	startTime     = 2 * time.Second // for the labs to be alive before keys are pressed
)

func pictures() []picture {
	return []picture{
		{"retry.svg", "retry", []string{"down"}, 14 * time.Second},
		{"convoy.svg", "convoy", []string{"down"}, 8 * time.Second},
		{"cacheaside.svg", "cacheaside", nil, 13 * time.Second}, // the second copies are half way
	}
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: docs FOLDER")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, p := range pictures() {
		frame, err := take(ctx, p)
		if err != nil {
			return fmt.Errorf("%s: %w", p.file, err)
		}
		path := filepath.Join(folder, p.file)
		if err := os.WriteFile(path, []byte(snapshot.SVG(frame, snapshot.Dark())), 0o644); err != nil {
			return err
		}
		fmt.Println(path)
	}
	return nil
}

// take runs the program without a terminal and returns its last frame.
func take(ctx context.Context, p picture) (frame string, err error) {
	session, err := labs.NewSession(brokers.Choice{})
	if err != nil {
		return "", err
	}
	defer func() {
		if e := session.Close(); err == nil {
			err = e
		}
	}()
	model, err := program(session, p.lab)
	if err != nil {
		return "", err
	}
	defer func() {
		if e := model.Close(ctx); err == nil {
			err = e
		}
	}()
	screen := tea.NewProgram(model, tea.WithInput(nil), tea.WithOutput(io.Discard), tea.WithoutRenderer(), tea.WithContext(ctx))
	go drive(screen, p)
	if _, err := screen.Run(); err != nil {
		return "", err
	}
	return model.View(), nil
}

// drive is the person at the keyboard.
func drive(screen *tea.Program, p picture) {
	screen.Send(tea.WindowSizeMsg{Width: width, Height: height})
	time.Sleep(startTime)
	for _, key := range p.keys {
		screen.Send(pressed(key))
	}
	time.Sleep(p.wait)
	screen.Quit()
}

// pressed is the message of a key.
func pressed(key string) tea.KeyMsg {
	if key == "down" {
		return tea.KeyMsg{Type: tea.KeyDown}
	}
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(key)}
}

// program is what a person would see, in English on a dark terminal.
func program(session *labs.Session, first string) (*app.Model, error) {
	o := app.Options{StartLab: first, Lang: i18n.English, Theme: theme.New(theme.Options{
		Dark: new(true), Getenv: func(name string) string {
			return map[string]string{"TERM": "xterm-256color", "COLORTERM": "truecolor"}[name]
		}})}
	sources := []fs.FS{app.Texts}
	for _, entry := range labs.All() {
		experiment, err := session.Experiment(entry, labs.Setup{Seed: 1})
		if err != nil {
			return nil, err
		}
		o.Labs = append(o.Labs, app.LabEntry{Experiment: experiment, Picture: panes.All()[entry.Spec.ID]})
		sources = append(sources, entry.Spec.Texts)
	}
	text, err := i18n.Load(o.Lang, sources...)
	if err != nil {
		return nil, err
	}
	o.Texts = map[i18n.Lang]*i18n.Catalogue{o.Lang: text}
	return app.New(o), nil
}
