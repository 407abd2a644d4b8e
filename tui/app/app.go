// Package app is the program that a person sees: three labs in tabs, their
// knobs, pictures and logs, and every key. It is one tea.Model per session;
// nothing in it is shared between sessions.
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
	Export func(lab.Settings) string
}

// Options of one session's program. Labs, Texts and Theme are required.
type Options struct {
	Labs     []LabEntry
	Texts    map[i18n.Lang]*i18n.Catalogue // one is enough; with two a key changes the language
	Lang     i18n.Lang
	Theme    *theme.Theme
	StartLab string // id of the lab that is shown first; unknown or empty: the first
	ShowCard bool   // open the first lab's course card
	// FrameRate bounds how often the screen is drawn when nobody presses a
	// key, in frames a second; 0 means LocalFrames.
	FrameRate int
	Now       func() time.Time // nil: time.Now
}

// Model is the program. After it has ended, Close is due.
type Model struct {
	opt    Options
	th     *theme.Theme
	text   *i18n.Catalogue
	keys   keymap
	labs   []*labView
	active int

	w, h    int
	overlay overlay
	notice  notice
	mouse   bool
	clock   clock

	dirty bool   // what frame shows is no longer so
	frame string // the last View

	ctx    context.Context // ends when the program does; labs start under it
	cancel context.CancelFunc
	starts sync.WaitGroup
	begun  bool
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
	m := &Model{opt: o, th: o.Theme, text: o.Texts[o.Lang], keys: newKeymap(), dirty: true}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	m.clock = newClock(o.FrameRate)
	for i, entry := range o.Labs {
		m.labs = append(m.labs, newLabView(entry))
		if entry.Experiment.Spec().ID == o.StartLab {
			m.active = i
		}
	}
	if cur := m.cur(); o.ShowCard && cur.entry.Card != nil {
		cur.cardOpen, cur.focus = true, onCard
	}
	return m
}

// Close stops every lab and waits for them, at most until ctx ends. It is
// called once, after the program has ended.
func (m *Model) Close(ctx context.Context) error {
	m.cancel()
	m.starts.Wait()
	errs := make([]error, len(m.labs))
	var stops sync.WaitGroup
	for i, v := range m.labs {
		stops.Go(func() { errs[i] = v.exp.Stop(ctx) })
	}
	stops.Wait()
	return errors.Join(errs...)
}

// ProgramOptions are the Bubble Tea options the program wants; where it reads
// and writes is the caller's.
func (m *Model) ProgramOptions() []tea.ProgramOption {
	// A key is answered between two frames, hence the factor.
	return []tea.ProgramOption{tea.WithAltScreen(), tea.WithFPS(2 * max(LocalFrames, m.opt.FrameRate))}
}

// Init implements tea.Model.
func (m *Model) Init() tea.Cmd { return m.clock.next() }

// cur is the lab that is shown.
func (m *Model) cur() *labView { return m.labs[m.active] }

// startLabs starts every lab in the background, the shown one first, so that
// the first frame does not wait for any of them.
func (m *Model) startLabs() {
	if m.begun {
		return
	}
	m.begun = true
	order := append([]*labView{m.cur()}, m.labs...)
	m.starts.Go(func() {
		for i, v := range order {
			if i > 0 && v == order[0] {
				continue
			}
			v.start(m.ctx)
		}
	})
}
