package snapshot_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"resilab/tui/snapshot"
)

func TestFilm(t *testing.T) {
	svg := snapshot.Film([]snapshot.Shot{
		{At: 0, Frame: "title\none"},
		{At: time.Second, Frame: "title\none"}, // nothing has changed
		{At: 2 * time.Second, Frame: "title\n\x1b[31mtwo\x1b[0m"},
		{At: 3 * time.Second, Frame: "title\none"},
	}, 4*time.Second, snapshot.Dark())

	for part, times := range map[string]int{
		">title<": 1, ">one<": 1, ">two<": 1, // each row is drawn once
		"<use ":                  3,
		"translate(":             3 + 3,
		"translateX(":            3 + 1, // three shots, and the one for reduced motion
		"{0.000%{":               1,
		"50.000%{":               1,
		"75.000%{":               1,
		"prefers-reduced-motion": 1,
	} {
		if got := strings.Count(svg, part); got != times {
			t.Errorf("%q stands %d times, want %d\n%s", part, got, times, svg)
		}
	}
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
