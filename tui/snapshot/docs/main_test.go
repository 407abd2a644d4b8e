package main

import (
	"context"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/brokers"
	"resilab/labs"
	"resilab/labs/course/tour"
	"resilab/labs/i18n"
	"resilab/tui/snapshot"
)

const folder = "../../../docs"

// fixed are the lines of a picture that the settings of a lab decide and no measurement:
// the labs, the panel of settings and the footer. The rest of a picture was measured
// when it was taken and is never the same twice.
func fixed(t *testing.T, picture string) (lines []string) {
	t.Helper()
	const panelEnds = 370. // before the rule between settings and picture
	var rows []svgText
	log, last := 0., 0.
	for _, x := range texts(picture) {
		rows = append(rows, x)
		last = max(last, x.y)
		if x.text == "Log" {
			log = x.y
		}
	}
	if log == 0 {
		t.Fatal("the picture shows no log")
	}
	for _, x := range rows {
		if x.y == rows[0].y && x.x < 500 || x.y < log && x.x < panelEnds || x.y == last {
			lines = append(lines, x.line)
		}
	}
	return lines
}

// The pictures show the labs, the settings and the keys as the program draws them.
func TestPicturesShowTheProgram(t *testing.T) {
	for _, p := range pictures() {
		session, err := labs.NewSession(brokers.Choice{})
		if err != nil {
			t.Fatal(err)
		}
		model, err := program(session, p.lab)
		if err != nil {
			t.Fatal(err)
		}
		model.Update(tea.WindowSizeMsg{Width: width, Height: height}) // no lab is started
		for _, key := range p.keys {
			model.Update(pressed(key))
		}
		want := fixed(t, snapshot.SVG(model.View(), snapshot.Dark()))
		if err := model.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if err := session.Close(); err != nil {
			t.Error(err)
		}
		data, err := os.ReadFile(filepath.Join(folder, p.file))
		if err != nil {
			t.Fatal(err)
		}
		if got := fixed(t, string(data)); !slices.Equal(got, want) {
			t.Errorf("%s is old: run go generate ./tui/snapshot/docs\n%s\nwant\n%s", p.file, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// The moving picture shows the steps of the tour, in their words.
func TestTheMovingPictureShowsTheTour(t *testing.T) {
	tours, err := tour.Load(labs.All().Specs()...)
	if err != nil {
		t.Fatal(err)
	}
	all, found := tour.Find(tours, "all")
	if !found {
		t.Fatal("no tour is called all")
	}
	data, err := os.ReadFile(filepath.Join(folder, "tour.svg"))
	if err != nil {
		t.Fatal(err)
	}
	begins := regexp.MustCompile(`^▶ \d+/\d+$`)
	shown := 0
	rows := texts(string(data))
	for i, x := range rows[:len(rows)-1] {
		if !begins.MatchString(strings.TrimSpace(x.text)) {
			continue
		}
		// The sentence goes on in the next row where it is too long for one.
		words, says := strings.TrimSpace(rows[i+1].text), all.Steps[shown].Say(i18n.English)
		if words == "" || !strings.HasPrefix(says, words) {
			t.Errorf("step %d of the picture says %q, the tour %q: run go generate ./tui/snapshot/docs", shown+1, words, says)
		}
		shown++
	}
	if shown < 4 {
		t.Errorf("the picture shows %d steps", shown)
	}
}

// svgText is a text of a picture.
type svgText struct {
	line, text string
	x, y       float64
}

// texts are the texts of a picture, from the first row to the last.
func texts(picture string) (all []svgText) {
	form := regexp.MustCompile(`(?m)^<text x="([\d.]+)" y="([\d.]+)".*>([^<]*)</text>$`)
	for _, m := range form.FindAllStringSubmatch(picture, -1) {
		x, _ := strconv.ParseFloat(m[1], 64)
		y, _ := strconv.ParseFloat(m[2], 64) // both are digits and dots
		all = append(all, svgText{line: m[0], text: html.UnescapeString(m[3]), x: x, y: y})
	}
	return all
}
