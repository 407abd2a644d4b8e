package snapshot

import (
	"fmt"
	"strconv"
	"strings"
)

// style is what sequences have set so far. Colours are "#rrggbb", a palette
// index, or empty for the terminal's own.
type style struct {
	fg, bg               string
	bold, faint, inverse bool
}

// sgr takes a sequence of colours and emphasis from the start of s.
func sgr(s string) (seq string, params []int, ok bool) {
	if !strings.HasPrefix(s, "\x1b[") {
		return "", nil, false
	}
	end := strings.IndexByte(s, 'm')
	if end < 0 || strings.Trim(s[2:end], "0123456789;") != "" {
		return "", nil, false
	}
	for _, p := range strings.Split(s[2:end], ";") {
		n, err := strconv.Atoi(p)
		if err != nil {
			n = 0 // an empty parameter means 0
		}
		params = append(params, n)
	}
	return s[:end+1], params, true
}

func (s *style) apply(params []int) {
	for len(params) > 0 {
		p := params[0]
		params = params[1:]
		switch {
		case p == 0:
			*s = style{}
		case p == 1:
			s.bold = true
		case p == 2:
			s.faint = true
		case p == 7:
			s.inverse = true
		case p == 22:
			s.bold, s.faint = false, false
		case p == 27:
			s.inverse = false
		case p >= 30 && p <= 37:
			s.fg = strconv.Itoa(p - 30)
		case p == 38:
			s.fg, params = extended(params)
		case p == 39:
			s.fg = ""
		case p >= 40 && p <= 47:
			s.bg = strconv.Itoa(p - 40)
		case p == 48:
			s.bg, params = extended(params)
		case p == 49:
			s.bg = ""
		case p >= 90 && p <= 97:
			s.fg = strconv.Itoa(p - 82)
		}
	}
}

// extended reads a colour of 256 or 24 bits from the rest of a sequence.
func extended(params []int) (colour string, rest []int) {
	switch {
	case len(params) >= 4 && params[0] == 2:
		return fmt.Sprintf("#%02x%02x%02x", params[1]&255, params[2]&255, params[3]&255), params[4:]
	case len(params) >= 2 && params[0] == 5:
		return strconv.Itoa(params[1] & 255), params[2:]
	default:
		return "", nil
	}
}

// colours are what the style looks like on a terminal.
func (s style) colours(look Look) (fg, bg string) {
	fg, bg = resolve(s.fg, look.Foreground, look), resolve(s.bg, look.Background, look)
	if s.inverse {
		fg, bg = bg, fg
	}
	return fg, bg
}

func resolve(colour, own string, look Look) string {
	if colour == "" || colour[0] == '#' {
		if colour == "" {
			return own
		}
		return colour
	}
	n, _ := strconv.Atoi(colour)
	switch {
	case n < 16:
		return look.Palette[n]
	case n >= 232:
		v := 8 + 10*(n-232)
		return fmt.Sprintf("#%02x%02x%02x", v, v, v)
	default:
		steps := [6]int{0, 95, 135, 175, 215, 255}
		n -= 16
		return fmt.Sprintf("#%02x%02x%02x", steps[n/36], steps[n/6%6], steps[n%6])
	}
}
