package sshd

import (
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"resilab/tui/stage"
	"resilab/tui/theme"
)

// writeTimeout is how long a follower's client may leave a frame unread before
// it is cut.
const writeTimeout = 30 * time.Second

// watcher is a session while it shows another screen than its own program's.
type watcher struct{ *session }

// run shows what is presented, and waits while nothing is, until the
// visitor leaves.
func (s watcher) run() {
	server := s.conn.server
	if !s.conn.place.takeWatch() {
		s.conn.refuse(s.user, "full", "")
		s.leave(1, "sshd.refuse.full", server.MaxWatchers)
		return
	}
	began := time.Now()
	server.Logger.Info("watching began", "remote", s.conn.remote, "user", s.user)
	defer func() {
		server.Logger.Info("watching ended", "remote", s.conn.remote, "user", s.user, "seconds", int(time.Since(began).Seconds()))
	}()
	defer s.conn.place.giveWatch()
	defer server.Metrics.Began("watch")()
	if !s.readKeys() {
		return
	}
	longest := time.AfterFunc(server.MaxSession, func() { s.end(sessionEnd(endStay)) })
	defer longest.Stop()
	_, _ = s.channel.Write([]byte(enterScreen))
	for s.awaitShow() {
		if t, _ := server.show.current(); t.stage != nil && !s.followScreen(t) {
			break
		}
	}
	_, _ = s.channel.Write([]byte(leaveScreen))
	why, _ := causeOf(s.ctx)
	s.sayWhy(why)
}

// awaitShow waits until something is presented. It reports false if the visitor
// leaves before.
func (s watcher) awaitShow() bool {
	for {
		t, changed := s.conn.server.show.current()
		if t.stage != nil {
			return true
		}
		s.clear(s.catalogue().T("sshd.watch.waiting"))
		select {
		case <-changed:
		case <-s.resized:
		case keys := <-s.keys:
			if leaves(keys) {
				return false
			}
		case <-s.gone:
			return false
		case <-s.ctx.Done():
			return false
		}
	}
}

// followScreen shows a screen until it ends, which over reports, or until the
// visitor leaves.
func (s watcher) followScreen(t target) (over bool) {
	sizes := newResizes()
	for again := true; again; {
		again, over = s.followAt(t, s.size(), sizes.pause())
	}
	return over
}

// followAt shows a screen in one size, for so long at least. The last row says what is
// shown.
func (s watcher) followAt(t target, w window, least time.Duration) (resized, over bool) {
	f := t.stage.Follow(stage.View{Size: stage.Size{W: w.width, H: max(1, w.height-1)}, Colors: s.colors()}, 1)
	defer f.Close()
	s.clear(s.catalogue().T("sshd.watch.following", t.label))
	settled := time.NewTimer(least)
	defer settled.Stop()
	var resizes <-chan struct{}
	for {
		select {
		case <-f.Changed():
			s.write(f.Next())
		case <-settled.C:
			resizes = s.resized
		case <-resizes:
			return true, false
		case keys := <-s.keys:
			if leaves(keys) {
				return false, false
			}
		case <-f.Over():
			return false, true
		case <-s.gone:
			return false, false
		case <-s.taken:
			return false, false
		case <-s.ctx.Done():
			return false, false
		}
	}
}

// leaves reports whether what was typed ends following.
func leaves(keys []byte) bool {
	if len(keys) > 1 && keys[0] == '\x1b' {
		return false // a key such as an arrow, or a paste
	}
	return slices.ContainsFunc(keys, func(b byte) bool { return strings.IndexByte("qW\x03\x04\x1b", b) >= 0 })
}

// write sends bytes to the terminal, and cuts a client that does not read them.
func (s watcher) write(p []byte) {
	impatience := time.AfterFunc(writeTimeout, s.conn.cut)
	defer impatience.Stop()
	_, _ = s.channel.Write(p) // a broken line ends the session
	s.conn.server.Metrics.Sent(len(p))
}

// clear empties the screen but for a line in the last row.
func (s watcher) clear(line string) {
	w := s.size()
	line = ansi.Truncate(" "+line, w.width, "")
	line += strings.Repeat(" ", max(0, w.width-ansi.StringWidth(line)))
	s.write([]byte(ansi.EraseEntireScreen + ansi.CursorPosition(1, w.height) + "\x1b[7m" + line + ansi.ResetStyle))
}

// fullColors is what a terminal with 24 bits of colour shows.
const fullColors = colorprofile.TrueColor

// colors is what the session's terminal shows.
func (s watcher) colors() colorprofile.Profile {
	level := theme.DetectLevel(SessionInfo{Term: s.term, Environ: s.env}.Getenv)
	return colorprofile.NoTTY + colorprofile.Profile(level) // both go from nothing to 24 bits
}
