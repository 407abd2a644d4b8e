package theme

import (
	"io"
	"strings"

	"github.com/muesli/termenv"
	"github.com/xo/terminfo"
)

// DetectLevel returns what a terminal can show, from its environment and from
// the terminfo entry of its name. The terminal is not asked.
func DetectLevel(getenv func(string) string) Level {
	term := getenv("TERM")
	if term == "" || term == "dumb" {
		return Plain
	}
	out := termenv.NewOutput(io.Discard, termenv.WithEnvironment(environ(getenv)), termenv.WithTTY(true))
	if out.EnvNoColor() {
		return Mono
	}
	level := Mono
	switch out.EnvColorProfile() {
	case termenv.TrueColor:
		return TrueColor
	case termenv.ANSI256:
		level = ANSI256
	case termenv.ANSI:
		level = ANSI16
	}
	return max(level, levelOf(colours(term)))
}

// environ lets termenv read a session's environment instead of the process's.
type environ func(string) string

func (e environ) Getenv(key string) string { return e(key) }
func (e environ) Environ() []string        { return nil }

// levelOf is the level of a terminal with so many colours.
func levelOf(colours int) Level {
	switch {
	case colours >= 1<<15-1: // as old entries write 2^24
		return TrueColor
	case colours >= 256:
		return ANSI256
	case colours >= 8:
		return ANSI16
	default:
		return Mono
	}
}

// colours is how many colours terminfo knows for a terminal. A visitor's terminal
// may be unknown on the machine that serves it, so common ones are known here, too.
func colours(term string) int {
	if !isTermName(term) {
		return 0
	}
	if entry, err := terminfo.Load(term); err == nil {
		return int(entry.Nums[terminfo.MaxColors])
	}
	switch {
	case strings.HasSuffix(term, "-direct"):
		return 1 << 24
	case strings.HasSuffix(term, "-256color"):
		return 256
	}
	family, _, _ := strings.Cut(term, "-")
	switch family {
	case "foot", "mintty", "alacritty", "kitty", "wezterm", "ghostty", "contour", "st", "vte", "gnome", "iterm2":
		return 256
	case "konsole", "putty", "rxvt", "screen", "tmux", "xterm", "linux", "cygwin", "eterm", "Eterm", "teraterm", "cons25":
		return 8
	}
	return 0
}

// isTermName reports whether a name may be looked up: terminfo makes a path of it,
// and over SSH it is a visitor's.
func isTermName(term string) bool {
	for _, r := range term {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '+':
		case r == '.':
			if strings.Contains(term, "..") {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// fewGlyphs reports whether a terminal is a console whose font lacks blocks,
// arrows and symbols.
func fewGlyphs(term string) bool {
	family, _, _ := strings.Cut(term, "-")
	switch family {
	case "linux", "cons25", "wsvt25", "pcvt25", "vt100", "vt102", "vt220", "sun", "hurd":
		return true
	}
	return false
}
