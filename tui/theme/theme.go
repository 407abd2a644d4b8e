package theme

import (
	"io"
	"slices"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// Level is what a terminal can show of colour and emphasis.
type Level int

const (
	Plain     Level = iota // no sequences at all: a dumb terminal
	Mono                   // bold, faint and reverse, but no colour: NO_COLOR
	ANSI16                 // the terminal's own 16 colours
	ANSI256                // the 256-colour cube
	TrueColor              // 24 bits
)

// Options of a session's theme. The zero value of Getenv's answers means a dumb terminal.
type Options struct {
	// Getenv reads the session's environment: TERM, COLORTERM, NO_COLOR.
	Getenv func(string) string
	// Dark says whether the background is dark; nil means unknown: colours that can
	// be read on both.
	Dark *bool
	// Glyphs is the set to draw with; a dumb terminal gets ASCII in any case.
	Glyphs GlyphSet
	// ReducedMotion asks for one frame a second and no animation.
	ReducedMotion bool
	// Name is the one of Names to begin with; empty or unknown: Calm.
	Name string
}

// Names of themes.
const (
	Terminal = "terminal" // the terminal's own 16 colours
	Calm     = "calm"
	Warm     = "warm"
	Contrast = "contrast" // strong colours, nothing faint
)

// Names lists the themes.
func Names() []string { return []string{Terminal, Calm, Warm, Contrast} }

// Theme is everything about looks that a session decides.
type Theme struct {
	Level         Level
	Glyph         Glyphs
	ReducedMotion bool

	Text   Style // the terminal's own foreground
	Dim    Style // what may be overlooked: units, labels, help
	Rule   Style // lines and empty tracks; carries no meaning
	Accent Style // the one thing to look at
	Focus  Style // where the keys go
	Good   Style
	Warn   Style
	Bad    Style
	// Invert is the terminal's colours the other way round: the open tab, the cursor.
	Invert Style

	series  [SeriesCount]Style
	marks   [markCount]mark
	options Options
}

// Name returns the theme's name, one of Names.
func (t *Theme) Name() string {
	if slices.Contains(Names(), t.options.Name) {
		return t.options.Name
	}
	return Calm
}

// Light reports whether the background is known to be light.
func (t *Theme) Light() bool { return t.options.Dark != nil && !*t.options.Dark }

// Named returns the theme with a name for the same terminal.
func (t *Theme) Named(name string) *Theme {
	o := t.options
	o.Name = name
	return New(o)
}

// SeriesCount is how many users or products have different colours; more start again.
const SeriesCount = 8

// New makes the theme of one session.
func New(o Options) *Theme {
	options := o
	level := DetectLevel(o.Getenv)
	if level == Plain || o.Glyphs == Auto && fewGlyphs(o.Getenv("TERM")) {
		o.Glyphs = ASCII
	}
	shown := level
	if o.Name == Terminal {
		shown = min(level, ANSI16)
	}
	p := painter{level: shown, renderer: newRenderer(shown), strong: o.Name == Contrast}
	colours := paletteFor(o.Name, o.Dark)
	t := &Theme{
		options: options,
		Level:   level, Glyph: glyphsOf(o.Glyphs), ReducedMotion: o.ReducedMotion,
		Dim: p.dim(colours.dim), Rule: p.dim(colours.rule),
		Accent: p.colour(colours.accent), Focus: p.colour(colours.focus),
		Good: p.colour(colours.good), Warn: p.colour(colours.warn), Bad: p.colour(colours.bad),
		Text: p.style(lipgloss.Style.Bold, nil), Invert: p.invert(),
	}
	for i, c := range colours.series {
		t.series[i] = p.colour(c)
	}
	t.marks = marksOf(t)
	return t
}

// Series returns the colour of the i-th user or product; their label says which it is.
func (t *Theme) Series(i int) Style {
	return t.series[((i%SeriesCount)+SeriesCount)%SeriesCount]
}

// newRenderer returns a Lip Gloss renderer that writes nowhere and asks no terminal.
func newRenderer(level Level) *lipgloss.Renderer {
	profiles := map[Level]termenv.Profile{
		Plain: termenv.Ascii, Mono: termenv.ANSI, ANSI16: termenv.ANSI,
		ANSI256: termenv.ANSI256, TrueColor: termenv.TrueColor,
	}
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(profiles[level])
	r.SetHasDarkBackground(true) // colours are chosen before: keep Lip Gloss from asking
	return r
}
