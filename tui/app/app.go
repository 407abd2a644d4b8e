// Package app is the program that a person sees: the labs in tabs, each with its
// knobs, picture, figures, log and course card, and every key. It is one
// tea.Model per session; nothing in it is shared between sessions.
//
// The Model is the root. It passes messages to panels, which are pointers with
// Update, View, SetRect and Keys; one pure function, plan, divides the screen
// among them. Only the root has a clock. View changes nothing: what it shows is
// decided in Update, and a frame is built once for each revision.
package app

import (
	"context"
	"embed"
	"errors"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/pane"
	"resilab/tui/theme"
)

// Texts holds the program's part of the catalogue.
//
//go:embed es.yaml en.yaml
var Texts embed.FS

// Frames a second that an animation gets.
const (
	LocalFrames   = 10
	RemoteFrames  = 5
	reducedFrames = 1
)

// LabEntry is one lab with what the screen has for it.
type LabEntry struct {
	Experiment *lab.Experiment // not started: the program starts it
	Picture    pane.Picture    // nil: the generic one
	Card       pane.Card       // nil: no course card for this lab
	// Export writes settings as code or configuration for well-known
	// libraries. It may be nil.
	Export *lab.Export
}

// Options of one session's program. Labs, Texts and Theme are required.
type Options struct {
	Labs     []LabEntry
	Texts    map[i18n.Lang]*i18n.Catalogue // one is enough; with two a key changes the language
	Lang     i18n.Lang
	Theme    *theme.Theme
	StartLab string // id of the lab that is shown first; unknown or empty: the first
	ShowCard bool   // open the first lab's course card
	// FrameRate bounds how often the screen is drawn while no key is pressed, in
	// frames a second; 0 means LocalFrames.
	FrameRate int
	Now       func() time.Time // nil: time.Now
	Keys      []Key            // further keys that mean the same everywhere
	Tour      TourOptions
	// Suspend makes ctrl+z stop the process until the shell continues it. It is for
	// a program that a shell with job control has started.
	Suspend bool
	Keymap  Keymap // the zero value: the usual keys
	// Save writes a file into the person's folder and returns its path. nil:
	// this session has no folder, as over SSH.
	Save func(name string, data []byte) (path string, err error)
	// Rest lets labs rest that nobody looks at, as those in other tabs, unless a run
	// is being measured. It is for a machine that many people share.
	Rest bool
}

// Model is the program. The caller must call Close after it has ended.
type Model struct {
	opt  Options
	host *host
	tabs

	w, h   int // 0: no size is known
	mouse  bool
	tour   *touring // nil: none is played
	clock  clock
	plan   layout
	drawn  frame
	keys   []binding // of the root
	footer footer
}

// frame is the last view, and what it was built for.
type frame struct {
	revision uint64
	view     string
}

// New returns a program that has started nothing yet.
func New(o Options) *Model {
	if o.FrameRate <= 0 {
		o.FrameRate = LocalFrames
	}
	if o.Theme.ReducedMotion {
		o.FrameRate = reducedFrames
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	h := &host{th: o.Theme, text: o.Texts[o.Lang], now: o.Now, keys: o.Keymap, save: o.Save, revision: 1}
	m := &Model{opt: o, host: h, clock: newClock(o.FrameRate),
		tabs: tabs{host: h, starter: newStarter(), begun: make([]bool, len(o.Labs))}}
	m.host.goToCard = m.goToCard
	for i, entry := range o.Labs {
		m.labs = append(m.labs, newLabScreen(m.host, entry))
		if entry.Experiment.Spec().ID == o.StartLab {
			m.active = i
		}
	}
	m.tour = m.newTouring()
	m.keys = m.rootKeys()
	if s := m.cur(); o.ShowCard && s.card.card != nil {
		s.openCard()
	}
	return m
}

// Close stops every lab and waits for them, at most until ctx ends. It is
// called once, after the program has ended.
func (m *Model) Close(ctx context.Context) error {
	m.starter.close()
	errs := make([]error, len(m.labs))
	var stops sync.WaitGroup
	for i, s := range m.labs {
		stops.Go(func() { errs[i] = s.lab.exp.Stop(ctx) })
	}
	stops.Wait()
	return errors.Join(errs...)
}

// ProgramOptions returns the Bubble Tea options of the program. The caller adds
// input and output.
func (m *Model) ProgramOptions() []tea.ProgramOption {
	// A key is answered between two frames, hence the factor.
	return []tea.ProgramOption{tea.WithAltScreen(), tea.WithFPS(2 * max(LocalFrames, m.opt.FrameRate))}
}

// Init implements tea.Model.
func (m *Model) Init() tea.Cmd { return m.clock.next() }

// View implements tea.Model. A frame is built once for each revision.
func (m *Model) View() string {
	if m.drawn.revision != m.host.revision {
		m.drawn = frame{m.host.revision, m.host.clipboard + m.draw()}
	}
	return m.drawn.view
}

// draw builds a frame: exactly as many rows and cells as the screen has.
func (m *Model) draw() string {
	if m.w <= 0 || m.h <= 0 {
		return ""
	}
	c := newCanvas(m.w, m.h)
	if m.plan.shape == tooSmall {
		c.put(Rect{0, 0, m.w, m.h}, filled(chrome{m}.tooSmall(), m.w, m.h))
		return c.String()
	}
	if o := m.host.overlay; o != nil {
		c.put(m.plan.body, o.View())
	} else {
		m.cur().draw(c)
	}
	chrome{m}.draw(c)
	return c.String()
}
