package sshd

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"resilab/labs/i18n"
	"resilab/tui/metrics"
)

// guard wraps a visitor's program: it ends the program when its time is over,
// and announces that on the last line. Only keys and the mouse count as
// activity, because an animated picture changes by itself.
type guard struct {
	inner   tea.Model
	ctx     context.Context // the session
	text    *i18n.Catalogue
	limits  timeLimits
	now     func() time.Time
	began   time.Time
	width   int
	notice  string
	message string // of a teacher
	why     ending // set when a limit ended the program

	lastKey atomic.Int64 // nanoseconds; also read by the session
	active  atomic.Int64 // nanoseconds that the visitor has worked
	away    atomic.Bool  // the visitor follows another screen
	shown   shown
	metrics *metrics.Server
}

func newGuard(ctx context.Context, inner tea.Model, text *i18n.Catalogue, limits timeLimits) *guard {
	g := &guard{inner: inner, ctx: ctx, text: text, limits: limits, now: time.Now, width: defaultWidth}
	g.began = g.now()
	g.lastKey.Store(g.began.UnixNano())
	return g
}

// messageMsg is a line of text that is shown until the next key.
type messageMsg struct {
	key  string
	args []any
}

// clockMsg wakes the guard.
type clockMsg struct{}

// Init implements tea.Model.
func (g *guard) Init() tea.Cmd { return tea.Batch(g.inner.Init(), g.watchClock()) }

// Update implements tea.Model.
func (g *guard) Update(msg tea.Msg) (_ tea.Model, cmd tea.Cmd) {
	switch msg := msg.(type) {
	case clockMsg:
		return g, g.watchClock()
	case followersMsg:
		return g, tea.Batch(g.turn(), g.shown.offer(g.now()))
	case tea.KeyMsg, tea.MouseMsg:
		g.work()
		if g.why == "" {
			g.notice, g.message = "", ""
		}
	case messageMsg:
		g.message = g.text.T(msg.key, msg.args...)
		return g, nil
	case tea.WindowSizeMsg:
		g.width = msg.Width
	}
	g.inner, cmd = g.inner.Update(msg)
	if later := g.shown.offer(g.now()); later != nil {
		cmd = tea.Batch(cmd, later)
	}
	return g, cmd
}

// turn tells the program whether anybody sees it, where that has changed.
func (g *guard) turn() (cmd tea.Cmd) {
	if msg := g.shown.turned(); msg != nil {
		g.inner, cmd = g.inner.Update(msg)
	}
	return cmd
}

// touch records that the visitor is active.
func (g *guard) touch() { g.lastKey.Store(g.now().UnixNano()) }

// activeGap is the longest time between two keys that counts as work: reading and
// watching need no key.
const activeGap = time.Minute

// work records a key. The time since the last one was work, or a part of it.
func (g *guard) work() {
	now := g.now().UnixNano()
	g.active.Add(min(now-g.lastKey.Swap(now), int64(activeGap)))
}

// worked returns how long the visitor has worked.
func (g *guard) worked() time.Duration { return time.Duration(g.active.Load()) }

// leave records that the visitor does not see the program, or does again.
func (g *guard) leave(away bool) {
	g.away.Store(away)
	g.shown.left.Store(away)
}

// watchClock updates the notice and returns the command that does so again.
func (g *guard) watchClock() tea.Cmd {
	left, why := g.remaining()
	if left <= 0 {
		g.why = why
		return tea.Quit
	}
	g.notice = ""
	next := left - g.limits.warn
	if next <= 0 {
		seconds := int((left + time.Second - 1) / time.Second)
		g.notice = g.text.T("sshd.warn."+string(why), seconds)
		next = left - time.Duration(seconds-1)*time.Second
	}
	return g.after(next)
}

// remaining returns how long the program may go on. A visitor who follows
// another screen needs no key.
func (g *guard) remaining() (time.Duration, ending) {
	if g.away.Load() {
		g.touch()
	}
	return g.limits.left(g.now(), g.began, time.Unix(0, g.lastKey.Load()))
}

// after is tea.Tick for long times: it ends with the session.
func (g *guard) after(d time.Duration) tea.Cmd {
	return func() tea.Msg {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return clockMsg{}
		case <-g.ctx.Done():
			return nil
		}
	}
}

// View implements tea.Model: the program's picture, with the notice on its last
// line, and on the first one a mark where others see it.
func (g *guard) View() string {
	began := time.Now()
	view := g.inner.View()
	if g.shown.changed() {
		g.metrics.Frame(time.Since(began))
	}
	if mark := g.shown.mark(g.text); mark != "" {
		view = marked(view, mark, g.width)
	}
	notice := g.notice
	if notice == "" {
		notice = g.message
	}
	if notice == "" {
		return view
	}
	line := ansi.Truncate(" "+notice, g.width, "")
	line += strings.Repeat(" ", max(0, g.width-ansi.StringWidth(line)))
	above := view[:strings.LastIndexByte(view, '\n')+1]
	return above + "\x1b[7m" + line + "\x1b[0m" // reverse needs no colour
}
