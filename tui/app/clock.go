package app

import (
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

const (
	idleEvery  = 500 * time.Millisecond // between looks at a lab where nothing happens
	idleAfter  = time.Second            // without a change before the clock slows down
	hiddenLabs = time.Second            // between samples of labs in other tabs
	noticeTime = 5 * time.Second        // that a notice stays
)

// tick is one beat of the frame clock. Beats of an older generation are dropped.
type tick struct{ generation int }

// clock is the only source of time in the program. It beats at the frame rate
// while something changes, and slowly when nothing does.
type clock struct {
	frame      time.Duration
	generation int
	quiet      time.Duration // since the last change
	hidden     time.Duration // since the last look at hidden labs
}

func newClock(framesPerSecond int) clock {
	return clock{frame: time.Second / time.Duration(framesPerSecond)}
}

// every is the time to the next beat.
func (c *clock) every() time.Duration {
	if c.quiet >= idleAfter {
		return max(c.frame, idleEvery)
	}
	return c.frame
}

// next schedules the next beat.
func (c *clock) next() tea.Cmd {
	generation := c.generation
	return tea.Tick(c.every(), func(time.Time) tea.Msg { return tick{generation} })
}

// wake makes a slow clock beat at the frame rate again; a key does that. The
// pending slow beat becomes a stray.
func (c *clock) wake() tea.Cmd {
	slow := c.quiet >= idleAfter
	c.quiet = 0
	if !slow {
		return nil
	}
	c.generation++
	return c.next()
}

// beat notes a beat and what it found.
func (c *clock) beat(changed bool) {
	c.hidden += c.every()
	c.quiet += c.every()
	if changed {
		c.quiet = 0
	}
}

// onTick looks at the labs and schedules the next beat.
func (m *Model) onTick(t tick) tea.Cmd {
	if t.generation != m.clock.generation {
		return nil
	}
	changed := m.cur().observe()
	if m.clock.hidden >= hiddenLabs {
		m.clock.hidden = 0
		changed = m.observeHidden() || changed
	}
	changed = m.advance() || changed
	if m.host.notice.over(m.host.now()) {
		m.host.notice, m.host.clipboard, m.host.copied, changed = notice{}, "", "", true
	}
	if changed {
		m.host.changed()
	}
	m.clock.beat(changed)
	return m.clock.next()
}
