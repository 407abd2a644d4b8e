// Package sshdtest helps tests that are clients of an SSH server of the labs.
package sshdtest

import (
	"bytes"
	"regexp"
	"strings"
	"sync"

	"github.com/hinshun/vt10x"
)

// Size of a transcript's terminal. It is larger than those that tests ask for: the
// program moves the cursor itself, so that no row is broken at the wrong place.
const columns, rows = 160, 60

// Transcript is what a client's terminal was sent and has shown. The server sends the
// cells that change, so that most words are only on the screen, in no single write.
// The zero value is ready; it is safe for concurrent use.
type Transcript struct {
	mu    sync.Mutex
	sent  bytes.Buffer
	term  vt10x.Terminal
	rows  []string     // of the screen
	shown bytes.Buffer // each row that a write has changed
}

// frameEnd is where Bubble Tea leaves the cursor after a frame.
var frameEnd = regexp.MustCompile(`\x1b\[\d+;H`)

// Write implements io.Writer. p may hold several frames.
func (t *Transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.term == nil {
		t.term = vt10x.New(vt10x.WithSize(columns, rows))
	}
	begin := 0
	for _, end := range append(frameEnd.FindAllIndex(p, -1), []int{0, len(p)}) {
		if _, err := t.term.Write(p[begin:end[1]]); err != nil {
			return 0, err
		}
		t.look()
		begin = end[1]
	}
	return t.sent.Write(p)
}

// look keeps the rows of the screen that have changed.
func (t *Transcript) look() {
	for y, row := range strings.Split(t.term.String(), "\n") {
		if y >= len(t.rows) {
			t.rows = append(t.rows, "")
		}
		if t.rows[y] != row {
			t.rows[y] = row
			t.shown.WriteString(row + "\n")
		}
	}
}

// Shows reports whether a text has been sent or was on the screen after a write.
func (t *Transcript) Shows(text string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Contains(t.shown.Bytes(), []byte(text)) || bytes.Contains(t.sent.Bytes(), []byte(text))
}

// Rows returns all rows that have been on the screen, one a line.
func (t *Transcript) Rows() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.shown.String()
}

// String returns what was sent.
func (t *Transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sent.String()
}
