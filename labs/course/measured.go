package course

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"resilab/labs/lab"
)

// Measured holds what the golden runs of a card measured when its limits were set.
type Measured struct {
	Embedded *Figures `yaml:"embedded"` // with the embedded brokers, or with none
	Real     *Figures `yaml:"real"`     // with a real broker
}

// Figures are the figures of a card's runs under several seeds.
type Figures struct {
	Seeds int `yaml:"seeds"`
	// Runs has for each letter the lowest and the highest figure of each metric.
	Runs map[string]map[string]Range `yaml:"runs"`
	// Margins has for each condition of the check how far the figure was from its
	// limit in the closest play; 0 for a condition that is no comparison.
	Margins []float64 `yaml:"margins"`
}

// Range is the lowest and the highest of some figures.
type Range []float64

// Include widens the ranges to the figures of one run.
func (f *Figures) Include(letter string, metrics map[string]float64) {
	if f.Runs == nil {
		f.Runs = map[string]map[string]Range{}
	}
	if f.Runs[letter] == nil {
		f.Runs[letter] = map[string]Range{}
	}
	for id, v := range metrics {
		r := f.Runs[letter][id]
		if r == nil {
			r = Range{v, v}
		}
		f.Runs[letter][id] = Range{min(r[0], v), max(r[1], v)}
	}
}

// IncludeMargins lowers the margins to those of one play.
func (f *Figures) IncludeMargins(conditions []Condition) {
	for i, c := range conditions {
		margin := c.margin()
		if i == len(f.Margins) {
			f.Margins = append(f.Margins, margin)
		}
		f.Margins[i] = min(f.Margins[i], margin)
	}
}

// margin returns how far a comparison that holds is from failing; 0 for any other
// condition.
func (c Condition) margin() float64 {
	switch c.Op {
	case "<", "<=":
		return c.Right.Value - c.Left.Value
	case ">", ">=":
		return c.Left.Value - c.Right.Value
	}
	return 0
}

// Span returns the lowest and the highest figure that a run can have had when it had
// just enough samples for the card, where its metrics are those given now. A count may
// have grown with the run, or have come about at once, as an incident does.
func (c *Card) Span(m lab.Metric, metrics map[string]float64) Range {
	v := metrics[m.ID]
	if m.Format != lab.Count || m.Level {
		return Range{v, v}
	}
	longer := math.Inf(1)
	for _, s := range c.Samples {
		longer = min(longer, metrics[s.Metric]/s.Min)
	}
	if math.IsInf(longer, 1) || longer < 1 {
		longer = 1
	}
	return Range{v / longer, v}
}

// Allows reports whether another run with the same settings may measure a figure that
// lies in other: the ranges overlap, or are near to each other.
func (r Range) Allows(format lab.Format, other Range) bool {
	return len(r) == 2 && len(other) == 2 && (other[0] <= r[1] && r[0] <= other[1] || Near(format, r[0], other[1]) || Near(format, r[1], other[0]))
}

// Near reports whether two runs of the same settings can measure these figures:
// within 25 %, and by how much small ones differ anyway.
func Near(format lab.Format, a, b float64) bool {
	least := 0.5
	switch format {
	case lab.Share:
		least = 0.1
	case lab.Millis:
		least = 60
	case lab.Count:
		least = 10
	}
	return math.Abs(a-b) <= max(least, 0.25*max(math.Abs(a), math.Abs(b)))
}

// YAML writes the field measured of a card's file.
func (m Measured) YAML() string {
	var b strings.Builder
	b.WriteString("measured:\n")
	for _, part := range []struct {
		name    string
		figures *Figures
	}{{"embedded", m.Embedded}, {"real", m.Real}} {
		if part.figures == nil {
			continue
		}
		fmt.Fprintf(&b, "  %s:\n    seeds: %d\n    runs:\n", part.name, part.figures.Seeds)
		for _, letter := range slices.Sorted(maps.Keys(part.figures.Runs)) {
			fmt.Fprintf(&b, "      %s: {%s}\n", letter, ranges(part.figures.Runs[letter]))
		}
		margins := make([]string, len(part.figures.Margins))
		for i, m := range part.figures.Margins {
			margins[i] = short(m)
		}
		fmt.Fprintf(&b, "    margins: [%s]\n", strings.Join(margins, ", "))
	}
	return b.String()
}

func ranges(run map[string]Range) string {
	var all []string
	for _, id := range slices.Sorted(maps.Keys(run)) {
		all = append(all, fmt.Sprintf("%s: [%s, %s]", id, short(run[id][0]), short(run[id][1])))
	}
	return strings.Join(all, ", ")
}

// short writes a figure with three digits.
func short(v float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	if err != nil {
		rounded = v
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

var measuredField = regexp.MustCompile(`(?ms)^measured:.*?(\n[^\s#]|\z)`)

// WithMeasured returns the text of a card's file with another field measured.
func WithMeasured(file []byte, m Measured) []byte {
	rest := measuredField.ReplaceAll(file, []byte("$1"))
	return append(append([]byte(strings.TrimRight(string(rest), "\n")), '\n'), m.YAML()...)
}
