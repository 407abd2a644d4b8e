package snapshot

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/charmbracelet/x/exp/golden"
)

const sample = "\x1b[1mresilab\x1b[0m \x1b[7m 1 Retry \x1b[0m\n" +
	"\x1b[38;2;108;182;255m███▌\x1b[0m\x1b[2m──┼─\x1b[0m <a & b>\n" +
	"\x1b[32m✅\x1b[0m ok \x1b[38;5;196mrojo\x1b[48;5;240m gris\x1b[0m \x1b[91mclaro\x1b[0m\x1b[2J"

func TestSVG(t *testing.T) {
	golden.RequireEqual(t, []byte(SVG(sample, Dark())))
}

// Whatever a frame holds, the picture is well-formed XML.
func FuzzSVGIsWellFormed(f *testing.F) {
	f.Add(sample)
	f.Add("\x1b[38;2m\x1b[;m\x1b[38;5mx\x1b")
	f.Add("┌┐└┘├┤┬┴│┃░▒▓▁▏▐▀")
	f.Fuzz(func(t *testing.T, frame string) {
		dec := xml.NewDecoder(strings.NewReader(SVG(frame, Light())))
		for {
			if _, err := dec.Token(); errors.Is(err, io.EOF) {
				return
			} else if err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestColours(t *testing.T) {
	for _, tc := range []struct {
		seq    string
		fg, bg string
	}{
		{"\x1b[0m", "#d6d9df", "#16181d"},
		{"\x1b[31m", "#ff7b72", "#16181d"},
		{"\x1b[91m", "#ffa198", "#16181d"},
		{"\x1b[31;7m", "#16181d", "#ff7b72"},
		{"\x1b[38;5;16m", "#000000", "#16181d"},
		{"\x1b[38;5;231m", "#ffffff", "#16181d"},
		{"\x1b[38;5;244m", "#808080", "#16181d"},
		{"\x1b[48;2;1;2;3m", "#d6d9df", "#010203"},
	} {
		_, params, ok := sgr(tc.seq)
		if !ok {
			t.Fatalf("%q is not read", tc.seq)
		}
		var s style
		s.apply(params)
		if fg, bg := s.colours(Dark()); fg != tc.fg || bg != tc.bg {
			t.Errorf("%q: %s on %s, want %s on %s", tc.seq, fg, bg, tc.fg, tc.bg)
		}
	}
}
