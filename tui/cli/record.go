package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/course"
	"resilab/labs/lab"
	"resilab/tui/app"
	"resilab/tui/snapshot"
)

func recordFlags(set commandSet) []lab.Knob {
	flags := []lab.Knob{
		lab.NewText("out", ""), lab.NewChoice("lab", set.labs.IDs(nil)...), lab.NewText("card", ""), fromFlag(),
		lab.NewText("demo", ""), lab.NewBool("moving", false),
		lab.NewDuration("for", 20*time.Second, 100*time.Millisecond, time.Hour),
		lab.NewInt("columns", 110, 20, 500), lab.NewInt("rows", 34, 5, 200),
		seedFlag(), languageFlag(),
	}
	return append(append(append(flags, cardFlags()...), themeFlags()...), brokerFlags()...)
}

// runRecord runs the labs without a terminal and keeps what a terminal would show:
// a recording (asciicast v2), or a picture (SVG): of the last moment, or moving.
func runRecord(ctx context.Context, c *call) error {
	if err := c.in.noArgs(); err != nil {
		return err
	}
	path := c.in.flags.Text("out")
	kind := filepath.Ext(path)
	if !slices.Contains([]string{".cast", ".svg"}, kind) {
		return usageError{&lab.KnobError{Knob: "out", Value: path, Allowed: "FILE.cast|FILE.svg"}}
	}
	o, err := recorded(c)
	if err != nil {
		return err
	}
	s, err := screenOf(c, o, recordTerminal)
	if err != nil {
		return err
	}
	s.course.store = course.NewStore()
	if name := c.in.flags.Text("demo"); name != "" {
		t, err := tourNamed(c.world.Labs, name)
		if err != nil {
			return err
		}
		s.course.tour, s.first = app.TourOptions{Tour: t}, t.Steps[0].Spec.ID
	}
	if s.session, err = c.openSession(); err != nil {
		return err
	}
	var film bytes.Buffer
	f := filming{screen: s, width: c.in.flags.Int("columns"), height: c.in.flags.Int("rows"), length: c.in.flags.Duration("for")}
	if c.in.flags.Bool("moving") {
		f.shots = &shots{now: time.Now}
	}
	frame, err := f.take(ctx, &film)
	if err = errors.Join(err, s.session.Close()); err != nil {
		return err
	}
	data := film.Bytes()
	if kind == ".svg" {
		data = f.picture(c.in.flags.Text("theme") == "light", frame)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return fmt.Errorf("writing the recording: %w", err)
	}
	c.out.note(path)
	return nil
}

// recordTerminal is the environment of the terminal that is pretended: dark, with
// all colours.
func recordTerminal(name string) string {
	return map[string]string{"TERM": "xterm-256color", "COLORTERM": "truecolor", "COLORFGBG": "15;0"}[name]
}

// recorded is what is to be recorded: a line, a card, or a lab with settings.
func recorded(c *call) (opening, error) {
	if from := c.in.flags.Text(fromFlag().ID); from != "" {
		line, err := c.set.parseLine(from, "--from")
		if err != nil {
			return opening{}, err
		}
		return openingOf(line, c.in), nil
	}
	start, first, err := c.set.knobsOfLabs(c.in)
	return opening{first: first, card: c.in.flags.Text("card"), runs: labRuns{seed: c.in.seed(), start: start}}, err
}

// filming shows the program to a terminal that is not there.
type filming struct {
	screen        screen
	width, height int // cells
	length        time.Duration
	shots         *shots // nil: only the last frame is wanted
}

// take runs the program, writes what it shows to w as asciicast v2, and returns
// its last frame.
func (f filming) take(ctx context.Context, w io.Writer) (frame string, err error) {
	model, err := f.screen.model()
	if err != nil {
		return "", err
	}
	cast, err := newCast(w, f.width, f.height, time.Now)
	if err != nil {
		return "", err
	}
	options := append(model.ProgramOptions(), tea.WithoutSignalHandler(), tea.WithInput(nil), tea.WithOutput(cast))
	if f.shots != nil {
		options = append(options, tea.WithFilter(f.shots.take))
	}
	program := tea.NewProgram(model, options...)
	filming, cut := context.WithTimeout(ctx, f.length)
	var director sync.WaitGroup
	director.Go(func() {
		program.Send(tea.WindowSizeMsg{Width: f.width, Height: f.height})
		<-filming.Done()
		program.Quit()
	})
	last, err := program.Run()
	cut()
	director.Wait()
	if err == nil {
		frame = last.(*app.Model).View()
	}
	closing, cancel := detached(ctx)
	defer cancel()
	return frame, errors.Join(err, cast.err, ctx.Err(), model.Close(closing))
}

// picture returns what was shown: the last frame, or all shots one after another.
func (f filming) picture(light bool, last string) []byte {
	look := snapshot.Dark()
	if light {
		look = snapshot.Light()
	}
	if f.shots == nil {
		return []byte(snapshot.SVG(last, look))
	}
	return []byte(snapshot.Film(f.shots.taken, f.length, look))
}

// shotEvery is the time between two frames of a moving picture.
const shotEvery = 500 * time.Millisecond

// shots keeps frames of a running program.
type shots struct {
	now         func() time.Time
	began, last time.Time
	taken       []snapshot.Shot
}

// take is a filter of the program's messages: it looks at the model between two of
// them.
func (s *shots) take(m tea.Model, msg tea.Msg) tea.Msg {
	now := s.now()
	if now.Sub(s.last) < shotEvery {
		return msg
	}
	frame := m.View()
	if strings.TrimSpace(frame) == "" {
		return msg // it has no size yet
	}
	if s.began.IsZero() {
		s.began = now
	}
	s.last = now
	s.taken = append(s.taken, snapshot.Shot{At: now.Sub(s.began), Frame: frame})
	return msg
}

// cast writes what a terminal is sent as asciicast v2: a header, then one line for
// each write with the seconds since the beginning.
type cast struct {
	out   *json.Encoder
	now   func() time.Time
	began time.Time
	err   error // the first one
}

func newCast(w io.Writer, width, height int, now func() time.Time) (*cast, error) {
	c := &cast{out: plainJSON(w), now: now, began: now()}
	err := c.out.Encode(struct {
		Version int               `json:"version"`
		Width   int               `json:"width"`
		Height  int               `json:"height"`
		Time    int64             `json:"timestamp"`
		Title   string            `json:"title"`
		Env     map[string]string `json:"env"`
	}{2, width, height, c.began.Unix(), "resilab", map[string]string{"TERM": recordTerminal("TERM")}})
	if err != nil {
		return nil, fmt.Errorf("writing the recording: %w", err)
	}
	return c, nil
}

func (c *cast) Write(data []byte) (int, error) {
	if c.err == nil {
		at := float64(c.now().Sub(c.began).Microseconds()) / 1e6
		c.err = c.out.Encode([]any{at, "o", strings.ToValidUTF8(string(data), "")})
	}
	return len(data), c.err
}
