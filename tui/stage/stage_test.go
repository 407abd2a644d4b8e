package stage

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/colorprofile"
	"github.com/hinshun/vt10x"
)

func view(w, h int) View { return View{Size{w, h}, colorprofile.TrueColor} }

// drawnOnce returns a draw function that fails the test where one size is drawn
// twice in one revision.
func drawnOnce(t *testing.T, drawn map[Size]int) func(Size) string {
	return func(s Size) string {
		if drawn[s]++; drawn[s] > 1 {
			t.Errorf("%v is drawn again", s)
		}
		return fmt.Sprintf("%dx%d", s.W, s.H)
	}
}

func TestAFrameIsDrawnOnceASize(t *testing.T) {
	s := New(nil)
	var all []*Follower
	for i := range 300 {
		v := view(80, 24)
		if i%3 == 0 {
			v = view(120, 40)
		}
		if i%2 == 0 {
			v.Colors = colorprofile.ANSI
		}
		all = append(all, s.Follow(v, 1))
	}
	if n := s.Followers(); n != 300 {
		t.Errorf("%d followers", n)
	}
	drawn := map[Size]int{}
	s.Draw(1, drawnOnce(t, drawn))
	s.Draw(1, drawnOnce(t, drawn)) // nothing has changed
	if len(drawn) != 2 {
		t.Errorf("drawn in %v", drawn)
	}
	first := all[1].Next()
	for i, f := range all {
		if i == 1 {
			continue
		}
		next := f.Next()
		if want := fmt.Sprintf("%dx%d", f.Size().W, f.Size().H); !strings.Contains(string(next), want) {
			t.Fatalf("follower %d got %q", i, next)
		}
		if f.view == all[1].view && &next[0] != &first[0] {
			t.Fatal("the bytes are not shared")
		}
		f.Close()
	}
	all[1].Close()
	if n := s.Followers(); n != 0 || len(s.screens) != 0 {
		t.Errorf("%d followers, %d screens", n, len(s.screens))
	}
}

// Windows of every size cost few drawings, and none gets more than it can show.
func TestManySizesShareFew(t *testing.T) {
	s := New(nil)
	for i := range 200 {
		w, h := 60+i%100, 16+i%37
		f := s.Follow(view(w, h), 1)
		if got := f.Size(); got.W > w || got.H > h || got.W*got.H*3 < w*h {
			t.Errorf("%dx%d is drawn as %v", w, h, got)
		}
	}
	if n := len(s.Sizes()); n > 40 {
		t.Errorf("%d sizes are drawn", n)
	}
}

// terminal shows what a follower is sent.
func terminal(w, h int) vt10x.Terminal { return vt10x.New(vt10x.WithSize(w, h)) }

// Whatever frames a follower misses, its terminal shows the newest one.
func TestChangesEqualTheWholeFrame(t *testing.T) {
	s := New(nil)
	quick, slow := s.Follow(view(10, 3), 1), s.Follow(view(10, 3), 1)
	screens := []string{"0123456789\nabc\nx", "0123456789\nab\nx", "\x1b[1mbold\x1b[0m\n0123456789\nyy", "a\nb\nc", "a\nb\nc"}
	fast, late := terminal(10, 3), terminal(10, 3)
	for i, text := range screens {
		s.Draw(uint64(i+1), func(Size) string { return text })
		_, _ = fast.Write(quick.Next())
		if i%2 == 0 {
			_, _ = late.Write(slow.Next())
		}
	}
	want := "a         \nb         \nc         \n"
	for name, term := range map[string]vt10x.Terminal{"every frame": fast, "every other": late} {
		if got := term.String(); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if next := quick.Next(); next != nil {
		t.Errorf("sent without a change: %q", next)
	}
}

func TestColoursFitTheTerminal(t *testing.T) {
	s := New(nil)
	plain := s.Follow(View{Size{10, 1}, colorprofile.NoTTY}, 1)
	mono := s.Follow(View{Size{10, 1}, colorprofile.ASCII}, 1)
	s.Draw(1, func(Size) string { return "\x1b[1;38;2;255;0;0mred\x1b[0m" })
	if got := string(mono.Next()); strings.Contains(got, "38;2") || !strings.Contains(got, "1m") {
		t.Errorf("without colours: %q", got)
	}
	if got := string(plain.Next()); strings.Contains(got, "38;2") {
		t.Errorf("dumb: %q", got)
	}
}

func TestWhoComesLaterSeesTheScreen(t *testing.T) {
	woken := 0
	s := New(func() { woken++ })
	s.Follow(view(10, 1), 1)
	s.Draw(1, func(Size) string { return "hello" })
	late := s.Follow(View{Size{10, 1}, colorprofile.ANSI}, 1)
	select {
	case <-late.Changed():
	default:
		t.Fatal("nothing to see")
	}
	if got := string(late.Next()); !strings.Contains(got, "hello") {
		t.Errorf("%q", got)
	}
	if woken != 2 {
		t.Errorf("woken %d times", woken)
	}
	s.Dismiss()
	select {
	case <-late.Over():
	default:
		t.Error("not dismissed")
	}
	again := s.Follow(view(10, 1), 1)
	select {
	case <-again.Over():
		t.Error("dismissed before")
	default:
	}
}
