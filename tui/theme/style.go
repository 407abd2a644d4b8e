package theme

import (
	"strings"

	"github.com/charmbracelet/lipgloss"
)

// Style is a pair of sequences that a cell is written between. Both are empty
// where the terminal shows no emphasis, so that writing costs nothing.
type Style struct {
	Open, Close string
	strong      *Style
}

// Strong returns the same style in bold.
func (s Style) Strong() Style {
	if s.strong == nil {
		return s
	}
	return *s.strong
}

// Paint returns text between the style's sequences. Code that writes many
// cells appends Open and Close itself.
func (s Style) Paint(text string) string { return s.Open + text + s.Close }

// painter asks Lip Gloss once for each style's sequences.
type painter struct {
	level    Level
	renderer *lipgloss.Renderer
	strong   bool // nothing is faint
}

// style makes a Style from base and its bold sister. emphasis is what the
// bold one has besides; base may be nil for plain text.
func (p painter) style(emphasis func(lipgloss.Style, bool) lipgloss.Style, base func(lipgloss.Style) lipgloss.Style) Style {
	plain := p.renderer.NewStyle()
	if base != nil {
		plain = base(plain)
	}
	strong := split(emphasis(plain, true))
	s := split(plain)
	s.strong = &strong
	return s
}

func (p painter) colour(c colour) Style {
	return p.style(lipgloss.Style.Bold, func(s lipgloss.Style) lipgloss.Style {
		switch p.level {
		case TrueColor, ANSI256:
			return s.Foreground(lipgloss.Color(c.hex))
		case ANSI16:
			return s.Foreground(lipgloss.Color(c.ansi))
		default:
			return s
		}
	})
}

// dim is a colour that steps back. Without colours, and with 16, it is the
// terminal's faint foreground: their bright black is invisible in some light
// and dark schemes.
func (p painter) dim(c colour) Style {
	if p.strong || p.level != ANSI16 && p.level != Mono {
		return p.colour(c)
	}
	return p.style(lipgloss.Style.Bold, func(s lipgloss.Style) lipgloss.Style { return s.Faint(true) })
}

func (p painter) invert() Style {
	return p.style(lipgloss.Style.Bold, func(s lipgloss.Style) lipgloss.Style { return s.Reverse(true) })
}

// split renders one letter and takes what stands before and after it.
func split(s lipgloss.Style) Style {
	before, after, _ := strings.Cut(s.Render("x"), "x")
	return Style{Open: before, Close: after}
}
