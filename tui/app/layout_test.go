package app

import (
	"testing"

	"pgregory.net/rapid"
)

func TestShapes(t *testing.T) {
	for _, tc := range []struct {
		w, h int
		want shape
	}{
		{0, 0, tooSmall}, {20, 5, tooSmall}, {59, 16, tooSmall}, {60, 15, tooSmall},
		{60, 16, numbersOnly}, {79, 40, numbersOnly}, {200, 23, numbersOnly},
		{80, 24, compact}, {99, 50, compact}, {200, 29, compact},
		{100, 30, full}, {120, 40, full}, {400, 120, full},
	} {
		if got := shapeOf(tc.w, tc.h); got != tc.want {
			t.Errorf("%dx%d: shape %d, want %d", tc.w, tc.h, got, tc.want)
		}
	}
}

func TestPlanGivesThePictureTheRoom(t *testing.T) {
	for _, tc := range []struct {
		w, h   int
		want   demand
		pw, ph int // the least picture
	}{
		{80, 24, demand{}, 38, 11},
		{80, 24, demand{card: true}, 38, 6},
		{100, 30, demand{}, 50, 10},
		{120, 40, demand{}, 66, 18},
		{120, 40, demand{card: true}, 66, 13},
		{120, 40, demand{banner: 9}, 66, 15},
		{400, 120, demand{}, 300, 70},
	} {
		l := plan(tc.w, tc.h, tc.want)
		if l.picture.W < tc.pw || l.picture.H < tc.ph {
			t.Errorf("%dx%d %+v: picture %dx%d", tc.w, tc.h, tc.want, l.picture.W, l.picture.H)
		}
		if l.log.H > 0 && l.log.H < 5 {
			t.Errorf("%dx%d %+v: log of %d rows", tc.w, tc.h, tc.want, l.log.H)
		}
	}
}

// Nothing lies outside the screen and nothing overlaps, whatever its size.
func TestPlanIsSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(0, 400).Draw(t, "w"), rapid.IntRange(0, 120).Draw(t, "h")
		want := demand{card: rapid.Bool().Draw(t, "card"), banner: rapid.IntRange(0, 9).Draw(t, "banner"), overlay: rapid.Bool().Draw(t, "overlay"),
			ghost: rapid.Bool().Draw(t, "ghost"), focus: area(rapid.IntRange(0, int(onCard)).Draw(t, "focus")), table: rapid.Bool().Draw(t, "table"), title: rapid.IntRange(0, 3).Draw(t, "title")}
		taken := make([]bool, w*h)
		l := plan(w, h, want)
		for i, r := range l.rects() {
			if r.W < 0 || r.H < 0 || r.X < 0 || r.Y < 0 {
				t.Fatalf("part %d: %+v", i, r)
			}
			for y := r.Y; y < r.Y+r.H; y++ {
				for x := r.X; x < r.X+r.W; x++ {
					if x >= w || y >= h || taken[y*w+x] {
						t.Fatalf("part %d %+v is outside or overlaps at %d,%d", i, r, x, y)
					}
					taken[y*w+x] = true
				}
			}
		}
	})
}

// rects lists the parts.
func (l *layout) rects() []Rect {
	return []Rect{l.tabs, l.topRule, l.title, l.banner, l.knobs, l.divider, l.figures, l.picture,
		l.card, l.log, l.bottomRule, l.status, l.footer}
}
