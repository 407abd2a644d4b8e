package sshd

import (
	"strings"
	"unicode"

	gossh "golang.org/x/crypto/ssh"
)

// Limits and default of a window.
const (
	maxWidth, maxHeight         = 500, 200
	defaultWidth, defaultHeight = 80, 24
)

// Limits of what is stored of a client's requests.
const (
	maxName   = 32
	maxTerm   = 64
	maxEnv    = 16
	maxValue  = 128
	maxDetail = 200
	// maxMessage is how long a teacher's line of text may be.
	maxMessage = 100
)

type window struct{ width, height int }

// size limits the size that a client sent. Zero means unknown (RFC 4254,
// 6.2): the size before then stays.
func size(columns, rows uint32, before window) window {
	if columns == 0 || rows == 0 {
		return before
	}
	return window{int(min(columns, maxWidth)), int(min(rows, maxHeight))}
}

// ptyRequest is the payload of pty-req.
type ptyRequest struct {
	Term                  string
	Columns, Rows         uint32
	PixelWide, PixelsHigh uint32
	Modes                 string
}

// windowChange is the payload of window-change.
type windowChange struct {
	Columns, Rows         uint32
	PixelWide, PixelsHigh uint32
}

func parsePty(payload []byte) (term string, w window, ok bool) {
	var req ptyRequest
	if gossh.Unmarshal(payload, &req) != nil {
		return "", window{}, false
	}
	return clean(req.Term, maxTerm), size(req.Columns, req.Rows, window{defaultWidth, defaultHeight}), true
}

func parseWindow(payload []byte, before window) (window, bool) {
	var req windowChange
	if gossh.Unmarshal(payload, &req) != nil {
		return before, false
	}
	return size(req.Columns, req.Rows, before), true
}

// parseEnv reads an env request. Only variables that describe the terminal and
// the language are accepted.
func parseEnv(payload []byte) (name, value string, ok bool) {
	var req struct{ Name, Value string }
	if gossh.Unmarshal(payload, &req) != nil || len(req.Value) > maxValue {
		return "", "", false
	}
	switch {
	case strings.HasPrefix(req.Name, "LC_") && len(req.Name) <= maxName:
	case req.Name == "LANG", req.Name == "COLORTERM", req.Name == "NO_COLOR", req.Name == "TERM_PROGRAM",
		req.Name == "COLORFGBG":
	default:
		return "", "", false
	}
	return clean(req.Name, maxName), clean(req.Value, maxValue), true
}

// parseExec reads the words of an exec request.
func parseExec(payload []byte) []string {
	var req struct{ Command string }
	if gossh.Unmarshal(payload, &req) != nil || len(req.Command) > maxValue {
		return nil
	}
	return strings.Fields(req.Command)
}

// clean removes control and invisible characters from a client's text and cuts
// it to limit characters.
func clean(s string, limit int) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n == limit {
			break
		}
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			continue
		}
		b.WriteRune(r)
		n++
	}
	return strings.TrimSpace(b.String())
}
