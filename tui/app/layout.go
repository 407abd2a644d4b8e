package app

// Rect is a part of the screen, in cells.
type Rect struct{ X, Y, W, H int }

// shape is how much of a lab a screen can show.
type shape int

const (
	tooSmall    shape = iota // one line that says so
	numbersOnly              // knobs and figures
	compact                  // one lab: knobs, picture, few figures, log below
	full                     // all of it, with air
)

// Sizes from which a shape fits.
const (
	numbersW, numbersH = 60, 16
	compactW, compactH = 80, 24
	fullW, fullH       = 100, 30
)

// demand is what a lab has to show: plan gives it room.
type demand struct {
	title   int  // rows of the lab's question; 0 is taken as 1
	card    bool // the course's card
	ghost   bool // run A's figures under those of now
	banner  int  // rows of troubles
	table   bool // runs A and B side by side
	overlay bool // something that takes the whole body
	focus   area // the panel that keys go to: it is always shown
}

// layout is where everything goes. A Rect without height is not shown.
type layout struct {
	shape                       shape
	tabs, title, status, footer Rect
	body                        Rect // all between title and status
	knobs, divider              Rect
	banner, figures, picture    Rect
	log, card                   Rect
	topRule, bottomRule         Rect
}

func shapeOf(w, h int) shape {
	switch {
	case w >= fullW && h >= fullH:
		return full
	case w >= compactW && h >= compactH:
		return compact
	case w >= numbersW && h >= numbersH:
		return numbersOnly
	default:
		return tooSmall
	}
}

// plan divides a screen of w by h cells. It is a pure function: every Rect
// lies within the screen and none overlaps another.
func plan(w, h int, want demand) layout {
	l := layout{shape: shapeOf(w, h)}
	switch l.shape {
	case tooSmall:
		return l
	case numbersOnly:
		l.planFrame(w, h, 0, 0)
		l.planNumbers(want)
	case compact:
		l.planFrame(w, h, max(1, min(want.title, 2)), 0)
		l.planLab(want, columns{margin: 1, knobs: 36, figures: 3, log: max(5, h/5), card: max(9, h/3)})
	case full:
		l.planFrame(w, h, max(1, min(want.title, 2)), 1)
		knobs := 40
		if w >= 120 {
			knobs = 46
		}
		figures := 3
		if want.ghost {
			figures++
		}
		l.planLab(want, columns{margin: 2, knobs: knobs, figures: figures, log: max(7, h/4), card: max(11, h/3)})
	}
	if want.overlay {
		l.knobs, l.divider, l.banner, l.figures, l.picture, l.log, l.card = Rect{}, Rect{}, Rect{}, Rect{}, Rect{}, Rect{}, Rect{}
	}
	return l
}

// planFrame places what surrounds the body: tabs, title, status and keys,
// with air between them where there is room.
func (l *layout) planFrame(w, h, title, air int) {
	l.tabs = Rect{0, 0, w, 1}
	l.topRule = Rect{0, 1, w, air}
	l.title = Rect{0, 1 + air, w, title}
	l.bottomRule = Rect{0, h - 2 - air, w, air}
	l.status = Rect{0, h - 2, w, 1}
	l.footer = Rect{0, h - 1, w, 1}
	top := 1 + air + title + air
	l.body = Rect{0, top, w, h - 2 - air - top}
}

// columns are the sizes that a shape chooses.
type columns struct {
	margin    int // blank cells at the left and right edge
	knobs     int // width of the knob panel
	figures   int // rows of figures, with the blank one below
	log, card int // rows at the bottom
}

// planLab places knobs at the left, figures and picture at the right, and the
// log below all of it; the course's card stands beside the log, or in its place.
func (l *layout) planLab(want demand, c columns) {
	b := l.body
	x, w := b.X+c.margin, b.W-2*c.margin
	l.banner = Rect{x, b.Y, w, min(want.banner, 3)}
	b.Y, b.H = b.Y+l.banner.H, b.H-l.banner.H
	bottom := c.log
	if want.card {
		bottom = c.card
	}
	top := b.H - bottom
	l.knobs = Rect{x, b.Y, c.knobs, top}
	l.divider = Rect{x + c.knobs + 1, b.Y, 1, top}
	right := x + c.knobs + 3
	rw := x + w - right
	y := b.Y
	l.figures = Rect{right, y, rw, c.figures - 1}
	y += c.figures
	l.picture = Rect{right, y, rw, b.Y + top - y}
	l.log = Rect{x, b.Y + top, w, bottom}
	switch {
	case !want.card:
	case l.shape == full:
		l.card = l.log
		l.card.W = w * 3 / 5
		l.log.X, l.log.W = x+l.card.W+2, w-l.card.W-2
	case want.focus != onLog: // one of the two: the log while it has the focus
		l.card, l.log = l.log, Rect{}
	}
}

// planNumbers has room for knobs and figures. The log, the table and the card
// take their place while they have the focus.
func (l *layout) planNumbers(want demand) {
	b := l.body
	switch {
	case want.focus == onLog:
		l.log = b
		return
	case want.focus == onTable && want.table:
		l.picture = Rect{b.X + 1, b.Y, b.W - 2, b.H}
		return
	case want.focus == onCard && want.card:
		l.card = b
		return
	}
	l.banner = Rect{b.X, b.Y, b.W, min(want.banner, 2)}
	y, h := b.Y+l.banner.H, b.H-l.banner.H
	half := b.W/2 - 1
	l.knobs = Rect{b.X + 1, y, half - 1, h}
	l.divider = Rect{b.X + half + 1, y, 1, h}
	l.figures = Rect{b.X + half + 3, y, b.W - half - 4, h}
}

// has reports whether a cell lies in the Rect.
func (r Rect) has(x, y int) bool { return x >= r.X && x < r.X+r.W && y >= r.Y && y < r.Y+r.H }
