package theme

// colour is one colour for terminals with many colours and for those with 16.
type colour struct {
	hex  string
	ansi string // 0..15: the terminal's own scheme decides how it looks
}

// Light backgrounds make yellow, cyan and white vanish, dark ones plain blue, so
// with 16 colours, too, the two palettes differ.

type palette struct {
	accent, focus, good, warn, bad, dim, rule colour
	series                                    [SeriesCount]colour
}

// paletteFor returns the colours of a theme for a background; dark is nil where
// the background is unknown.
func paletteFor(name string, dark *bool) palette {
	set := calm
	switch name {
	case Warm:
		set = warm
	case Contrast:
		set = strongest
	}
	switch {
	case dark == nil:
		return set.any
	case *dark:
		return set.dark
	default:
		return set.light
	}
}

// palettes are the colours of a theme for backgrounds that are dark, light or
// unknown.
type palettes struct{ dark, light, any palette }

// calm has colours that step back behind what they mark.
var calm = palettes{darkBackground, lightBackground, anyBackground}

// warm leans on amber and rose, with less blue.
var warm = palettes{
	dark:  darkBackground.with("#f2b07b", "3", "#f4a3b4", "13", "#c9c184", "10", "#f0c05a", "11", "#ff7f6b", "9", "#a89f94", "7"),
	light: lightBackground.with("#8a4b08", "1", "#9c2f5e", "5", "#4f6a12", "2", "#7d5a00", "5", "#b3261e", "1", "#6b6259", "0"),
	any:   anyBackground.with("#b0681f", "3", "#c0567f", "5", "#6b8020", "2", "#a56a08", "3", "#d9483f", "1", "#857a6e", "7"),
}

// strongest has colours with a contrast of 7 (WCAG 2 AAA) where the background is
// known.
var strongest = palettes{
	dark:  darkBackground.with("#8fd3ff", "14", "#ffb3ff", "13", "#7dff9a", "10", "#ffe14d", "11", "#ff9d94", "9", "#d0d0d0", "15"),
	light: lightBackground.with("#003a78", "4", "#53108f", "5", "#004d1a", "2", "#5c3600", "5", "#8b0010", "1", "#333333", "0"),
	any:   anyBackground,
}

// with returns a palette with other colours for what is marked: pairs of hex and
// terminal colour of accent, focus, good, warn, bad and dim.
func (p palette) with(pairs ...string) palette {
	for i, c := range []*colour{&p.accent, &p.focus, &p.good, &p.warn, &p.bad, &p.dim} {
		*c = colour{pairs[2*i], pairs[2*i+1]}
	}
	return p
}

// A test holds every colour but rule to a contrast of 4.5 against its
// backgrounds (WCAG 2 AA); anyBackground to 4 against both black and white,
// where 4.58 is the most that arithmetic allows.
var (
	darkBackground = palette{
		accent: colour{"#6cb6ff", "14"}, focus: colour{"#d2a8ff", "13"},
		good: colour{"#6fd08c", "10"}, warn: colour{"#e6b450", "11"}, bad: colour{"#ff7b72", "9"},
		dim: colour{"#999999", "7"}, rule: colour{"#4a4f58", "7"},
		series: [SeriesCount]colour{
			{"#6cb6ff", "12"}, {"#f0a35e", "3"}, {"#6fd08c", "10"}, {"#e58fd0", "13"},
			{"#56d4dd", "14"}, {"#e3d26f", "11"}, {"#b49cff", "5"}, {"#ff8f88", "9"},
		},
	}
	lightBackground = palette{
		accent: colour{"#0a5fb0", "4"}, focus: colour{"#7a3fc0", "5"},
		good: colour{"#1a7037", "2"}, warn: colour{"#8a5600", "5"}, bad: colour{"#c0262d", "1"},
		dim: colour{"#636363", "0"}, rule: colour{"#bdc2c9", "0"},
		series: [SeriesCount]colour{
			{"#0a5fb0", "4"}, {"#a04a00", "1"}, {"#1a7037", "2"}, {"#a8267f", "5"},
			{"#00696f", "0"}, {"#6f5d00", "4"}, {"#6a45c8", "5"}, {"#bc3028", "1"},
		},
	}
	anyBackground = palette{
		accent: colour{"#2878c8", "6"}, focus: colour{"#9a62d8", "5"},
		good: colour{"#2c8548", "2"}, warn: colour{"#a56a08", "3"}, bad: colour{"#d9483f", "1"},
		dim: colour{"#777777", "7"}, rule: colour{"#868b92", "7"},
		series: [SeriesCount]colour{
			{"#2878c8", "4"}, {"#c25c12", "3"}, {"#2c8548", "2"}, {"#c4489f", "5"},
			{"#12828a", "6"}, {"#877408", "11"}, {"#8068d8", "13"}, {"#d9483f", "9"},
		},
	}
)
