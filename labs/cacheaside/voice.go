package cacheaside

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"resilab/labs/lab"
)

// voice speaks in the log, at a pace that a person can follow: of each kind of
// event a few a second; the figures count them all.
type voice struct {
	log *lab.Log
	now func() time.Time
	mu  sync.Mutex
	due map[string]time.Time // when a kind may speak again
}

// breath is the shortest time between two lines of one kind.
const breath = 150 * time.Millisecond

func newVoice(log *lab.Log, now func() time.Time) *voice {
	return &voice{log: log, now: now, due: map[string]time.Time{}}
}

func (v *voice) say(mark lab.Mark, key string, args ...any) {
	now := v.now()
	v.mu.Lock()
	quiet := now.Before(v.due[key])
	if !quiet {
		v.due[key] = now.Add(breath)
	}
	v.mu.Unlock()
	if !quiet {
		v.log.Add(mark, key, args...)
	}
}

// answer tells of an answer that is worth a line: hits are not, unless they
// are asked for over HTTP or wrong.
func (v *voice) answer(shown Answer, a answer) {
	took := rounded(shown.Took)
	switch {
	case shown.HTTP:
		v.say(lab.MarkAttempt, "cacheaside.event.http", shown.ID, shown.Status, string(shown.Source), took)
	case shown.Status == http.StatusNotFound:
		v.say(lab.MarkInfo, "cacheaside.event.unknown", shown.ID)
	case shown.Status != http.StatusOK:
		v.say(lab.MarkFail, "cacheaside.event.failed", shown.ID)
	case shown.Stale:
		v.say(lab.MarkWarn, "cacheaside.event.stale", a.Name, a.Price)
	case a.source == FromDatabase:
		v.say(lab.MarkOK, "cacheaside.event.loaded", a.Name, took)
	}
}

// rounded keeps the digits of a latency that a person reads.
func rounded(d time.Duration) time.Duration {
	if d >= 10*time.Millisecond {
		return d.Round(time.Millisecond)
	}
	return d.Round(10 * time.Microsecond)
}

// redisChanged tells that Redis went away, or that it is back.
func (l *engine) redisChanged(err error, away time.Duration) {
	defer l.changed()
	if err == nil {
		l.redisIsBack()
	}
	away = away.Round(10 * time.Millisecond)
	addr := l.redisAt()
	switch {
	case err != nil && addr == "":
		l.log.Add(lab.MarkFault, "cacheaside.event.redis-away")
	case err != nil:
		l.log.Add(lab.MarkFault, "cacheaside.event.redis-down", addr)
	case addr == "":
		l.log.Add(lab.MarkRecovered, "cacheaside.event.redis-back", away)
	default:
		l.log.Add(lab.MarkRecovered, "cacheaside.event.redis-up", addr, away)
	}
}

// redisAt is the address of Redis; empty for a visitor over the network, who
// cannot connect there and need not know.
func (l *engine) redisAt() string {
	if l.env.Guest {
		return ""
	}
	return l.redis().Addr()
}

// pollEnded lets the health of Redis know how a round of the watch ended.
func (l *engine) pollEnded(err error) {
	switch {
	case err == nil:
		l.health.up()
	case l.ctx.Err() == nil && !errors.Is(err, l.ctx.Err()):
		l.health.down(err)
	}
}

// copyGone tells that a copy which was in sight is gone.
func (l *engine) copyGone(id int, life Life, announced bool) {
	key := "cacheaside.event.expired"
	switch {
	case life == Deleted:
		key = "cacheaside.event.deleted"
	case announced:
		key = "cacheaside.event.expired-announced"
	}
	l.voice.say(lab.MarkWait, key, l.svc.key(id)[len(l.svc.prefix):])
}

// stopwatch measures how long a run has run, pauses left out.
type stopwatch struct {
	now    func() time.Time
	mu     sync.Mutex
	paused bool
	since  time.Time
	before time.Duration
}

func (s *stopwatch) restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since, s.before = s.now(), 0
}

func (s *stopwatch) pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.paused {
		s.before += s.now().Sub(s.since)
		s.paused = true
	}
}

func (s *stopwatch) resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paused {
		s.since, s.paused = s.now(), false
	}
}

func (s *stopwatch) elapsed() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paused {
		return s.before
	}
	return s.before + s.now().Sub(s.since)
}
