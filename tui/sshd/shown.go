package sshd

import (
	"strings"
	"sync/atomic"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"resilab/labs/i18n"
	"resilab/tui/stage"
)

// Sized is a program that can be followed: it draws itself in other sizes than
// its terminal's. Its methods are called from Update's goroutine.
type Sized interface {
	// Revision changes whenever something visible does.
	Revision() uint64
	// ViewAt returns the screen in a size, rows separated by line feeds.
	ViewAt(w, h int) string
}

// followInterval is the least time between two frames for followers.
const followInterval = time.Second / framesPerSecond

// followersMsg is sent when the followers of a program may have changed, or
// when the next frame for them is due.
type followersMsg struct{}

// shown draws a guard's program for those who follow it.
type shown struct {
	stage *stage.Stage // nil: nobody can
	model Sized
	drawn time.Time
	due   bool   // a followersMsg is scheduled
	last  uint64 // the revision of the visitor's own last frame

	presents atomic.Bool // the followers are a class that the program is presented to

	left   atomic.Bool        // the visitor does not see the program
	unseen bool               // as the program was told
	away   func(bool) tea.Msg // tells it; nil: it is not told
}

// follow lets others follow a model that can be drawn in their sizes.
func (s *shown) follow(st *stage.Stage, model tea.Model) {
	s.stage = st
	s.model, _ = model.(Sized)
}

// changed reports whether the program has another revision than at the last call.
func (s *shown) changed() bool {
	if s.model == nil {
		return true
	}
	was := s.last
	s.last = s.model.Revision()
	return s.last != was
}

// offer draws what followers do not have yet. Where the last frame is too
// recent it returns the command that does so later.
func (s *shown) offer(now time.Time) tea.Cmd {
	if s.model == nil || s.stage.Followers() == 0 {
		s.due = false
		return nil
	}
	if wait := s.drawn.Add(followInterval).Sub(now); wait > 0 {
		if s.due {
			return nil
		}
		s.due = true
		return tea.Tick(wait, func(time.Time) tea.Msg { return followersMsg{} })
	}
	s.drawn, s.due = now, false
	s.stage.Draw(s.model.Revision(), func(size stage.Size) string { return s.model.ViewAt(size.W, size.H) })
	return nil
}

// turned returns the message that tells the program that nobody sees it any more,
// or that a person does again; nil: nothing has changed.
func (s *shown) turned() tea.Msg {
	if s.away == nil || s.stage == nil {
		return nil
	}
	unseen := s.left.Load() && s.stage.Followers() == 0
	if unseen == s.unseen {
		return nil
	}
	s.unseen = unseen
	return s.away(unseen)
}

// mark tells the visitor that others see the screen.
func (s *shown) mark(text *i18n.Catalogue) string {
	if s.stage == nil {
		return ""
	}
	n := s.stage.Followers()
	switch {
	case s.presents.Load():
		return text.T("sshd.watch.followers", n)
	case n > 0:
		return text.T("sshd.watch.looked")
	default:
		return ""
	}
}

// marked puts a mark at the end of a view's first row.
func marked(view, mark string, width int) string {
	mark = ansi.Truncate(" "+mark+" ", width, "")
	first, rest, more := strings.Cut(view, "\n")
	room := max(0, width-ansi.StringWidth(mark))
	first = ansi.Truncate(first, room, "")
	first += ansi.ResetStyle + strings.Repeat(" ", max(0, room-ansi.StringWidth(first))) + "\x1b[7m" + mark + ansi.ResetStyle
	if !more {
		return first
	}
	return first + "\n" + rest
}
