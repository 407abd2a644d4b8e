package stage

import (
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// stream is what all followers with the same View are sent.
type stream struct {
	people  int
	number  uint64 // of the newest frame; 0: there is none
	rows    []string
	cells   Cells
	whole   []byte        // the newest frame
	change  []byte        // from the frame before it
	changed chan struct{} // closed at the next frame
}

func newStream() *stream { return &stream{changed: make(chan struct{})} }

// put makes the bytes of a new frame.
func (st *stream) put(size Size, text string) {
	rows := strings.Split(text, "\n")
	var whole, change []byte
	for i, row := range rows {
		whole = appendRow(whole, i, row, size.W)
		if i < len(st.rows) && st.rows[i] == row {
			continue
		}
		changed := false
		if i < len(st.rows) {
			change, changed = st.cells.AppendChange(change, i, st.rows[i], row)
		}
		if !changed {
			change = appendRow(change, i, row, size.W)
		}
	}
	for i := len(rows); i < len(st.rows); i++ {
		change = appendRow(change, i, "", size.W)
	}
	st.number++
	st.rows, st.whole, st.change = rows, whole, change
	close(st.changed)
	st.changed = make(chan struct{})
}

// appendRow appends one row at its place. What stood behind a short row is erased;
// behind a full one erasing would take its last cell.
func appendRow(p []byte, y int, row string, w int) []byte {
	p = append(p, "\x1b["...)
	p = strconv.AppendInt(p, int64(y+1), 10)
	p = append(p, ";1H"...)
	p = append(p, row...)
	p = append(p, ansi.ResetStyle...)
	if ansi.StringWidth(row) < w {
		p = append(p, ansi.EraseLineRight...)
	}
	return p
}

// Follower follows a stage at one terminal. It is used by one goroutine.
type Follower struct {
	stage  *Stage
	view   View
	people int
	stream *stream
	number uint64 // of the frame that Next has returned last
	over   <-chan struct{}
}

// Size returns the size in which the screen is drawn: the terminal's, or a
// smaller one.
func (f *Follower) Size() Size { return f.view.Size }

// Over is closed when the follower is dismissed.
func (f *Follower) Over() <-chan struct{} { return f.over }

// Changed returns a channel that is closed when Next has something new.
func (f *Follower) Changed() <-chan struct{} {
	f.stage.mu.Lock()
	defer f.stage.mu.Unlock()
	if f.stream.number != f.number {
		return alwaysClosed()
	}
	return f.stream.changed
}

// Next returns the bytes that bring the terminal to the newest frame; none
// where it shows it. A slow follower misses the frames between.
func (f *Follower) Next() []byte {
	f.stage.mu.Lock()
	defer f.stage.mu.Unlock()
	was := f.number
	f.number = f.stream.number
	switch {
	case f.number == was:
		return nil
	case f.number == was+1 && was > 0:
		return f.stream.change
	default:
		return f.stream.whole
	}
}

// Text returns the newest frame as it was drawn, with its revision.
func (f *Follower) Text() (text string, revision uint64) {
	f.stage.mu.Lock()
	defer f.stage.mu.Unlock()
	f.number = f.stream.number
	if sc := f.stage.screens[f.view.Size]; sc != nil {
		return sc.text, sc.revision
	}
	return "", 0
}

// Close ends following. It is called once.
func (f *Follower) Close() { f.stage.leave(f) }

func alwaysClosed() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}
