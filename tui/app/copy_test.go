package app

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"resilab/labs/lab"
)

// copiedText is what a frame asks the terminal to put on the clipboard.
func copiedText(t *testing.T, frame string) string {
	t.Helper()
	_, rest, found := strings.Cut(frame, "\x1b]52;c;")
	if !found {
		return ""
	}
	code, _, _ := strings.Cut(rest, "\a")
	text, err := base64.StdEncoding.DecodeString(code)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func colourStage(t *testing.T, adjust ...func(*Options, []*fakeLab)) *stage {
	s := newStage(t, lookColour, "en", adjust...).live(100, 30)
	return s
}

func TestCopy(t *testing.T) {
	for name, c := range map[string]struct {
		keys []string
		want string
	}{
		"run":     {[]string{"right", "y", "enter"}, "retry?retries=4"},
		"a and b": {[]string{"a", "right", "b", "y", "enter"}, "retry?b.retries=4"},
		"address": {[]string{"y", "down", "enter"}, "http://127.0.0.1:3000/product/1"},
		"log":     {[]string{"tab", "y", "enter"}, "1:23.0 Error final: tarjeta rechazada"},
		"older":   {[]string{"tab", "up", "y", "enter"}, "1:22.0 Pago aprobado txn_8f3a"},
		"export":  {[]string{"e", "y"}, "code 3"},
	} {
		s := colourStage(t, func(o *Options, _ []*fakeLab) {
			o.Labs[0].Export = fakeExport(func(s lab.Settings) string { return "code " + s["retries"].String() })
		})
		for _, key := range c.keys {
			s.press(key)
			s.settle()
		}
		if got := copiedText(t, s.View()); got != c.want {
			t.Errorf("%s: %q is copied, want %q", name, got, c.want)
		}
		exact(t, s.View(), 100, 30)
		s.now = s.now.Add(2 * noticeTime)
		if s.beat(); copiedText(t, s.View()) != "" {
			t.Errorf("%s: the text is still copied after the notice", name)
		}
	}
}

// Where the terminal may have refused it, the text is shown to be selected.
func TestCopiedTextIsShown(t *testing.T) {
	s := colourStage(t)
	s.press("y", "enter", "y")
	s.shows(t, "Select the text")
	s.shows(t, "retry")
	s = english(t) // a dumb terminal takes nothing
	s.press("right", "y", "enter")
	s.shows(t, "retry?retries=4")
	if copiedText(t, s.View()) != "" {
		t.Error("a dumb terminal is asked to copy")
	}
}

// files are what a session has saved.
type files struct {
	names []string
	data  map[string]string
	err   error
}

func (f *files) save(name string, data []byte) (string, error) {
	if f.err != nil {
		return "", f.err
	}
	f.names, f.data[name] = append(f.names, name), string(data)
	return "/home/" + name, nil
}

func TestThePictureIsSaved(t *testing.T) {
	f := &files{data: map[string]string{}}
	s := colourStage(t, func(o *Options, _ []*fakeLab) { o.Save = f.save })
	s.press("S")
	if len(f.names) != 2 || !strings.HasSuffix(f.names[0], ".svg") || !strings.HasSuffix(f.names[1], ".txt") {
		t.Fatalf("saved %v", f.names)
	}
	if svg := f.data[f.names[0]]; !strings.HasPrefix(svg, "<svg") || !strings.Contains(svg, "resilab") {
		t.Errorf("%.80s", svg)
	}
	if text := f.data[f.names[1]]; strings.Contains(text, "\x1b") || strings.Count(text, "\n") != 30 {
		t.Errorf("%q", text)
	}
	s.shows(t, "Saved: /home/"+f.names[0])
	f.err = errors.New("no space left")
	s.press("S")
	s.shows(t, "Could not be saved: no space left")
}

func TestFilesAreRefusedOverSSH(t *testing.T) {
	s := colourStage(t, func(o *Options, _ []*fakeLab) {
		o.Labs[0].Export = fakeExport(func(lab.Settings) string { return "package main" })
	})
	s.press("S")
	s.shows(t, "No files are saved over SSH")
	s.now = s.now.Add(time.Minute)
	s.beat()
	s.press("e", "w")
	s.shows(t, "No files are saved over SSH")
}

// The export is highlighted, for the target that is chosen, and written to a file.
func TestExportPage(t *testing.T) {
	f := &files{data: map[string]string{}}
	s := colourStage(t, func(o *Options, _ []*fakeLab) {
		o.Save = f.save
		o.Labs[0].Export = fakeExport(func(lab.Settings) string { return "package main // go\n" })
	})
	s.press("e")
	s.shows(t, "node (2 of 2)")
	s.press("right")
	s.shows(t, "go (1 of 2)")
	if keyword := s.host.th.Accent.Paint("package"); !strings.Contains(s.View(), keyword) {
		t.Errorf("no %q in %q", keyword, s.View())
	}
	s.press("w")
	if got := f.data["retry-go.go"]; got != "package main // go\n" {
		t.Errorf("saved %v", f.data)
	}
}

func TestThemes(t *testing.T) {
	s := colourStage(t)
	was := s.View()
	s.press("T")
	s.shows(t, "Theme: warm")
	if s.View() == was {
		t.Error("the colours are the same")
	}
	s.press("T", "T", "T")
	s.shows(t, "Theme: calm")
	exact(t, s.View(), 100, 30)
}
