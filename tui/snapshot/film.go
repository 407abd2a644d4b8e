package snapshot

import (
	"fmt"
	"strings"
	"time"
)

// Shot is a frame of a Film and the time since its beginning at which it is shown.
type Shot struct {
	At    time.Duration
	Frame string
}

// Film draws frames into one picture that plays them again and again, without a
// script: the frames lie side by side, and an animation of the style sheet moves
// them past the window. Rows that are the same in several frames are drawn once.
// The shots must be in the order of their times; length is when the last one ends.
// Where a person asks the browser for less motion, the last frame stands still.
func Film(shots []Shot, length time.Duration, look Look) string {
	f := film{look: look, rows: map[string]int{}}
	shots = changes(shots)
	for _, s := range shots {
		f.measure(s.Frame)
	}
	var b strings.Builder
	begin(&b, f.cells, f.height, look, f.animation(shots, length))
	f.frames(&b, shots)
	b.WriteString("</svg>\n")
	return b.String()
}

// changes drops shots that show what the shot before shows.
func changes(shots []Shot) (kept []Shot) {
	for _, s := range shots {
		if n := len(kept); n == 0 || kept[n-1].Frame != s.Frame {
			kept = append(kept, s)
		}
	}
	return kept
}

// film is what the frames have in common.
type film struct {
	look          Look
	cells, height int
	rows          map[string]int // the number of each distinct row
}

func (f *film) measure(frame string) {
	rows := rowsOf(frame)
	f.cells, f.height = max(f.cells, widest(rows)), max(f.height, len(rows))
}

// animation moves the frames by whole pictures.
func (f *film) animation(shots []Shot, length time.Duration) string {
	var b strings.Builder
	w := pictureWidth(f.cells)
	fmt.Fprintf(&b, "\n@keyframes film{")
	for i, s := range shots {
		at := 100 * s.At.Seconds() / length.Seconds()
		fmt.Fprintf(&b, "%.3f%%{transform:translateX(%dpx)}", min(at, 100), -w*i)
	}
	fmt.Fprintf(&b, "}\n.film{animation:film %.1fs steps(1,end) infinite}", length.Seconds())
	fmt.Fprintf(&b, "\n@media(prefers-reduced-motion:reduce){.film{animation:none;transform:translateX(%dpx)}}", -w*(len(shots)-1))
	return b.String()
}

// frames writes the frames. A row stands where it is used first, with a name by
// which the later frames use it again.
func (f *film) frames(b *strings.Builder, shots []Shot) {
	b.WriteString(`<g class="film">` + "\n")
	for i, s := range shots {
		fmt.Fprintf(b, `<g transform="translate(%d)">`+"\n", pictureWidth(f.cells)*i)
		for y, row := range rowsOf(s.Frame) {
			f.row(b, y, row)
		}
		b.WriteString("</g>\n")
	}
	b.WriteString("</g>\n")
}

func (f *film) row(b *strings.Builder, y int, row string) {
	runs := runsOf(row)
	if len(runs) == 0 {
		return
	}
	number, drawn := f.rows[row]
	if drawn {
		fmt.Fprintf(b, `<use href="#r%d" y="%d"/>`+"\n", number, y*cellH)
		return
	}
	number = len(f.rows)
	f.rows[row] = number
	fmt.Fprintf(b, `<g transform="translate(0 %d)"><g id="r%d">`+"\n", y*cellH, number)
	for _, r := range runs {
		r.write(b, 0, f.look)
	}
	b.WriteString("</g></g>\n")
}
