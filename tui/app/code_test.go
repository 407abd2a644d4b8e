package app

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"resilab/labs/lab"
	"resilab/tui/widget"
)

func TestFolded(t *testing.T) {
	for _, tc := range []struct {
		line string
		w    int
		want []string
	}{
		{"short", 10, []string{"short"}},
		{"  if err != nil { return err }", 20, []string{"  if err != nil {", "      return err }"}},
		{"averyverylongword", 8, []string{"averyverylongword"}},
		{"", 8, []string{""}},
	} {
		if got := folded(tc.line, tc.w); !slices.Equal(got, tc.want) {
			t.Errorf("%q in %d: %q", tc.line, tc.w, got)
		}
	}
}

// Nothing of a line gets lost where it is folded.
func TestFoldedKeepsEveryWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.StringMatching(`[ ]{0,20}([a-zñ(]{1,12} ){0,12}[a-z]{1,30}`).Draw(t, "line")
		rows := folded(line, rapid.IntRange(8, 90).Draw(t, "w"))
		if got, want := strings.Fields(strings.Join(rows, " ")), strings.Fields(line); !slices.Equal(got, want) {
			t.Fatalf("%q became %q", line, rows)
		}
	})
}

// A long line of an export goes on below instead of leaving the screen.
func TestExportFoldsLongLines(t *testing.T) {
	s := english(t, func(o *Options, _ []*fakeLab) {
		o.Labs[0].Export = fakeExport(func(lab.Settings) string { return strings.Repeat("word ", 30) + "end" })
	})
	s.press("e")
	s.shows(t, "    word")
	s.shows(t, "end")
	exact(t, s.View(), 100, 30)
}

// A word that a choice does not have is refused with the words on the screen.
func TestRefusedChoiceNamesItsWords(t *testing.T) {
	s := english(t)
	k, _ := s.cur().lab.spec.Knob("jitter")
	_, err := k.Parse("nope")
	if got := s.cur().knobs.refusal(err); !strings.Contains(got, "ninguno, completo, igual, decorrelacionado") || strings.Contains(got, "full") {
		t.Errorf("%q", got)
	}
}

// An address in the status row is worth more than the seed.
func TestStatusKeepsTheAddressWhole(t *testing.T) {
	s := english(t)
	row := s.cur().status().row(66)
	if !strings.Contains(row, "GET http://127.0.0.1:3000/product/1") || strings.Contains(row, "seed") {
		t.Errorf("%q", row)
	}
	if got := widget.Width(row); got != 66 {
		t.Errorf("%d cells", got)
	}
}
