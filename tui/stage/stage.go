package stage

import (
	"strings"
	"sync"

	"github.com/charmbracelet/colorprofile"
)

// Size is the size of a screen, in cells.
type Size struct{ W, H int }

// View is a follower's terminal: its size, and the colours that it shows.
type View struct {
	Size
	Colors colorprofile.Profile
}

// maxExact is how many different sizes are drawn as they are. Further followers
// share the largest of them that fits, or a size rounded down: a class in which
// every window differs must not cost a frame each.
const maxExact = 12

// Stage is a screen that can be followed. It is safe for concurrent use.
type Stage struct {
	wake func()

	mu      sync.Mutex
	screens map[Size]*screen
	over    chan struct{} // closed when those who follow now are dismissed
}

// screen is one size that is followed.
type screen struct {
	revision uint64
	text     string
	streams  map[colorprofile.Profile]*stream
}

// New returns a stage. wake is called when there may be something to draw or to
// count: the caller must then call Draw. It must not block, and may be nil.
func New(wake func()) *Stage {
	if wake == nil {
		wake = func() {}
	}
	return &Stage{wake: wake, screens: map[Size]*screen{}, over: make(chan struct{})}
}

// Dismiss ends following for all who follow now: Over of each is closed.
func (s *Stage) Dismiss() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.over)
	s.over = make(chan struct{})
}

// Followers returns how many people follow.
func (s *Stage) Followers() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sc := range s.screens {
		for _, st := range sc.streams {
			n += st.people
		}
	}
	return n
}

// Sizes returns what is followed: how many people at each size.
func (s *Stage) Sizes() map[Size]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	sizes := map[Size]int{}
	for size, sc := range s.screens {
		for _, st := range sc.streams {
			sizes[size] += st.people
		}
	}
	return sizes
}

// Draw draws the screen in every size that is followed and not drawn in this
// revision, which is not 0. The rows that draw returns are separated by line
// feeds.
func (s *Stage) Draw(revision uint64, draw func(Size) string) {
	for _, size := range s.stale(revision) {
		s.Put(size, revision, draw(size))
	}
}

func (s *Stage) stale(revision uint64) (sizes []Size) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for size, sc := range s.screens {
		if sc.revision != revision {
			sizes = append(sizes, size)
		}
	}
	return sizes
}

// Put sets the screen of one size. Nothing happens where the size is not followed.
func (s *Stage) Put(size Size, revision uint64, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sc := s.screens[size]
	if sc == nil {
		return
	}
	sc.revision = revision
	if sc.text == text {
		return
	}
	sc.text = text
	for colors, st := range sc.streams {
		st.put(size, converted(text, colors))
	}
}

// Follow begins to follow the screen for a number of people at one terminal,
// usually 1. The caller must call Close.
func (s *Stage) Follow(view View, people int) *Follower {
	s.mu.Lock()
	view.Size = s.nearest(view.Size)
	sc := s.screens[view.Size]
	if sc == nil {
		sc = &screen{streams: map[colorprofile.Profile]*stream{}}
		s.screens[view.Size] = sc
	}
	st := sc.streams[view.Colors]
	if st == nil {
		st = newStream()
		sc.streams[view.Colors] = st
		if sc.text != "" {
			st.put(view.Size, converted(sc.text, view.Colors))
		}
	}
	st.people += people
	f := &Follower{stage: s, view: view, people: people, stream: st, over: s.over}
	s.mu.Unlock()
	s.wake()
	return f
}

// nearest returns the size in which a terminal is drawn. s.mu is held.
func (s *Stage) nearest(want Size) Size {
	if _, drawn := s.screens[want]; drawn || len(s.screens) < maxExact {
		return want
	}
	var best Size
	for size := range s.screens {
		if size.W <= want.W && size.H <= want.H && size.W*size.H > best.W*best.H {
			best = size
		}
	}
	if best.W*best.H*2 >= want.W*want.H {
		return best
	}
	return Size{roundDown(want.W, 20), roundDown(want.H, 10)}
}

// roundDown returns a multiple of step, or n where it is smaller than step.
func roundDown(n, step int) int {
	if n < step {
		return n
	}
	return n - n%step
}

// leave ends a follower's part.
func (s *Stage) leave(f *Follower) {
	s.mu.Lock()
	sc := s.screens[f.view.Size]
	f.stream.people -= f.people
	if f.stream.people <= 0 {
		delete(sc.streams, f.view.Colors)
	}
	if len(sc.streams) == 0 {
		delete(s.screens, f.view.Size)
	}
	s.mu.Unlock()
	s.wake()
}

// converted returns a screen with the colours that a kind of terminal shows.
func converted(text string, colors colorprofile.Profile) string {
	if colors == colorprofile.TrueColor {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	w := colorprofile.Writer{Forward: &b, Profile: colors}
	_, _ = w.WriteString(text) // a builder does not fail
	return b.String()
}
