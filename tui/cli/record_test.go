package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs"
	"resilab/tui/panes"
	"resilab/tui/snapshot"
)

// A recording has a header and then, for each write, its time and its text.
func TestCast(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(1000, 0)
	c, err := newCast(&out, 80, 24, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"\x1b[H<é>", "bad\xffbyte"} {
		now = now.Add(1500 * time.Millisecond)
		if n, err := c.Write([]byte(text)); err != nil || n != len(text) {
			t.Fatalf("%d, %v", n, err)
		}
	}
	want := `{"version":2,"width":80,"height":24,"timestamp":1000,"title":"resilab","env":{"TERM":"xterm-256color"}}` + "\n" +
		`[1.5,"o","\u001b[H<é>"]` + "\n" + `[3,"o","badbyte"]` + "\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &out, want)
	}
}

// failing is a file on a full disk.
type failing struct{ after int }

func (f *failing) Write(p []byte) (int, error) {
	if f.after--; f.after < 0 {
		return 0, errors.New("no space left")
	}
	return len(p), nil
}

func TestARecordingThatCannotBeWrittenFails(t *testing.T) {
	c, err := newCast(&failing{after: 1}, 80, 24, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("x")); err == nil || c.err == nil {
		t.Errorf("the error was lost: %v, %v", err, c.err)
	}
}

// The times of a recording only grow, and every line is an event.
func checkCast(t *testing.T, data []byte) (text string) {
	t.Helper()
	last := 0.0
	for i, line := range bytes.Split(bytes.TrimSpace(data), []byte("\n")) {
		if i == 0 {
			continue // the header
		}
		var event []any
		if err := json.Unmarshal(line, &event); err != nil || len(event) != 3 || event[1] != "o" {
			t.Fatalf("line %d: %v: %s", i+1, err, line)
		}
		at := event[0].(float64)
		if at < last {
			t.Errorf("line %d goes back from %v to %v", i+1, last, at)
		}
		last = at
		text += event[2].(string)
	}
	if !strings.HasPrefix(text, "\x1b[") {
		t.Errorf("the recording begins with %q", text[:min(20, len(text))])
	}
	return text
}

// What is recorded is what a terminal would be sent, and a picture is its last
// moment.
func TestRecord(t *testing.T) {
	dir := t.TempDir()
	film, picture := filepath.Join(dir, "run.cast"), filepath.Join(dir, "run.svg")
	for _, path := range []string{film, picture} {
		var complaints bytes.Buffer
		code := Main(t.Context(), World{Args: []string{"record", "--from", "retry?retries=42", "--for", "700ms", "--out", path},
			Stdout: io.Discard, Stderr: &complaints, Getenv: func(string) string { return "" }, Labs: labs.All(), Panes: panes.All()})
		if code != exitOK {
			t.Fatalf("exit %d: %s", code, &complaints)
		}
	}
	data, err := os.ReadFile(film)
	if err != nil {
		t.Fatal(err)
	}
	if text := checkCast(t, data); !strings.Contains(text, "42") {
		t.Errorf("the recording does not show the setting:\n%s", text)
	}
	data, err = os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(data), "<svg") || !strings.Contains(string(data), "42") {
		t.Errorf("the picture does not show the setting:\n%s", data)
	}
}

// A moving picture has a frame each half second at most.
func TestShots(t *testing.T) {
	now := time.Unix(1000, 0)
	s := &shots{now: func() time.Time { return now }}
	view := still("")
	for _, frame := range []still{"", "one", "one", "two", "three"} {
		view = frame
		if s.take(view, "message") != "message" {
			t.Fatal("a message is changed")
		}
		now = now.Add(300 * time.Millisecond)
	}
	want := []snapshot.Shot{{At: 0, Frame: "one"}, {At: 600 * time.Millisecond, Frame: "two"}}
	if !slices.Equal(s.taken, want) {
		t.Errorf("got %v", s.taken)
	}
}

// still is a program that shows one frame.
type still string

func (s still) Init() tea.Cmd                       { return nil }
func (s still) Update(tea.Msg) (tea.Model, tea.Cmd) { return s, nil }
func (s still) View() string                        { return string(s) }
