package course_test

import (
	"testing"

	"resilab/labs/course"
	"resilab/labs/lab"
)

// A student may measure longer than the card asks for, and a busy machine always does.
// Counts that grew with the run are compared as of the moment when the samples were there.
func TestFiguresOfALongerRunAreComparedAtTheCardsLength(t *testing.T) {
	card, ok := loadBook(t).Find("C10") // asks for 400 handled orders
	if !ok {
		t.Fatal("no card C10")
	}
	count := lab.Metric{ID: "applied_violations", Format: lab.Count}
	for name, c := range map[string]struct {
		metric   lab.Metric
		handled  float64
		value    float64
		recorded course.Range
		allowed  bool
	}{
		"as recorded":                  {count, 400, 70, course.Range{60, 80}, true},
		"three times as long":          {count, 1200, 210, course.Range{60, 80}, true},
		"an incident in a long run":    {count, 1200, 70, course.Range{60, 80}, true},
		"too many for that length":     {count, 1200, 400, course.Range{60, 80}, false},
		"too few at any length":        {count, 1200, 30, course.Range{60, 80}, false},
		"a level does not grow":        {lab.Metric{ID: "applied_violations", Format: lab.Count, Level: true}, 1200, 210, course.Range{60, 80}, false},
		"a share does not grow":        {lab.Metric{ID: "applied_violations", Format: lab.Share}, 1200, 0.6, course.Range{0.1, 0.2}, false},
		"a run without enough samples": {count, 100, 70, course.Range{60, 80}, true},
		"nothing recorded":             {count, 400, 70, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			metrics := map[string]float64{"handled": c.handled, c.metric.ID: c.value}
			if got := c.recorded.Allows(c.metric.Format, card.Span(c.metric, metrics)); got != c.allowed {
				t.Errorf("%v of %v orders, recorded %v: allowed %t", c.value, c.handled, c.recorded, got)
			}
		})
	}
}
