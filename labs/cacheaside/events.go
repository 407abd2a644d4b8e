package cacheaside

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"resilab/brokers/redis"
	"resilab/labs/cacheaside/measure"
	"resilab/labs/cacheaside/service"
	"resilab/labs/kit"
	"resilab/labs/lab"
)

// logChanges writes the settings that differ from those of the run before.
func (l *engine) logChanges(old *run, next *kit.Run) {
	if old == nil {
		return
	}
	for _, k := range Spec().Knobs {
		if was, is := old.Settings[k.ID], next.Settings[k.ID]; was != is {
			l.Log.Add(lab.MarkSetting, "cacheaside.event.knob", k.ID, is.String())
		}
	}
}

// logAnswer writes an answer that is worth a line: hits are not, unless they are
// requested over HTTP or wrong.
func (l *engine) logAnswer(shown measure.Answer, a service.Answer, err error) {
	took := rounded(shown.Took)
	switch {
	case shown.HTTP:
		l.Log.Routine(lab.MarkAttempt, "cacheaside.event.http", shown.ID, shown.Status, string(shown.Source), took)
	case shown.Status == http.StatusNotFound:
		l.Log.Routine(lab.MarkInfo, "cacheaside.event.unknown", shown.ID)
	case shown.Status != http.StatusOK:
		l.logFailure("cacheaside.event.failed", shown.ID, err)
	case shown.Stale:
		l.Log.Routine(lab.MarkWarn, "cacheaside.event.stale", a.Name, Money(a.Price))
	case a.Source == measure.FromDatabase:
		l.Log.Routine(lab.MarkOK, "cacheaside.event.loaded", a.Name, took)
	}
}

// logFailure writes what failed and why. A visitor over the network does not see
// the cause, which may name addresses of the machine.
func (l *engine) logFailure(key string, id int, err error) {
	if l.Env.Guest {
		l.Log.Routine(lab.MarkFail, key, id)
		return
	}
	l.Log.Routine(lab.MarkFail, key+"-cause", id, err.Error())
}

// invalidationLost writes that a copy could not be brought in line with a change.
func (l *engine) invalidationLost(id int, err error) {
	l.logFailure("cacheaside.event.invalidation-lost", id, err)
}

// Money writes a price for people: without cents that are 0, as the course does.
func Money(v float64) string {
	if v == math.Trunc(v) {
		return "$" + strconv.FormatFloat(v, 'f', 0, 64)
	}
	return "$" + strconv.FormatFloat(v, 'f', 2, 64)
}

// rounded returns a latency with the digits that a person reads.
func rounded(d time.Duration) time.Duration {
	if d >= 10*time.Millisecond {
		return d.Round(time.Millisecond)
	}
	return d.Round(10 * time.Microsecond)
}

// redisChanged writes that Redis fails, or that it is back.
func (l *engine) redisChanged(err error, away time.Duration) {
	defer l.Changed()
	away = away.Round(10 * time.Millisecond)
	addr := l.redisAddr()
	switch {
	case err != nil && addr == "":
		l.Log.Add(lab.MarkFault, "cacheaside.event.redis-away")
	case err != nil:
		l.Log.Add(lab.MarkFault, "cacheaside.event.redis-down", err.Error())
	case addr == "":
		l.Log.Add(lab.MarkRecovered, "cacheaside.event.redis-back", away)
	default:
		l.Log.Add(lab.MarkRecovered, "cacheaside.event.redis-up", addr, away)
	}
}

// redisAddr returns the address of Redis; empty for a visitor over the network,
// who cannot connect to it.
func (l *engine) redisAddr() string {
	if l.Env.Guest {
		return ""
	}
	return l.cacheClient().Addr()
}

// polled records how a command of the lab itself ended.
func (l *engine) polled(err error) {
	if err == nil {
		l.health.Up()
	} else if !errors.Is(err, context.Canceled) {
		l.health.Down(err)
	}
}

// copyEnded writes that a copy on the screen is gone.
func (l *engine) copyEnded(id int, life measure.Life, announced bool) {
	key := "cacheaside.event.expired"
	switch {
	case life == measure.Deleted:
		key = "cacheaside.event.deleted"
	case announced:
		key = "cacheaside.event.expired-announced"
	}
	l.Log.Routine(lab.MarkWait, key, "product:"+strconv.Itoa(id))
}

// restoreEvents switches off the expired events that a killed program has left on.
func (l *engine) restoreEvents(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	_ = l.admin.RestoreEvents(ctx) // a Redis that is away shows by itself
}

// useEvents switches the server's expired events on or off. Redis announces them
// only where a setting of the server says so: the lab changes it when the person
// asks for that.
func (l *engine) useEvents(ctx context.Context, want bool) {
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	var err error
	switch {
	case want && !l.events:
		err = l.admin.EnableEvents(ctx, l.Env.Namespace)
		l.events = err == nil
	case !want:
		err = l.disableEvents(ctx)
	}
	if err != nil { // a server may forbid it: polling sees the ends all the same
		l.Log.Add(lab.MarkWarn, "cacheaside.event.no-events", err.Error())
	}
}

// disableEvents ends the lab's use of the events, if any. Where Redis is away its
// lease runs out.
func (l *engine) disableEvents(ctx context.Context) error {
	if !l.events {
		return nil
	}
	l.events = false
	if err := l.admin.DisableEvents(ctx, l.Env.Namespace); err != nil && !l.redisAway() {
		return err
	}
	return nil
}

// renewEvents keeps the server announcing until ctx ends, also when it was
// restarted and has forgotten the setting.
func (l *engine) renewEvents(ctx context.Context) {
	t := time.NewTicker(eventsInterval)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			_ = l.admin.EnableEvents(ctx, l.Env.Namespace) // fails while Redis is away
		}
	}
}

// eventsInterval is well within the lease of the events, and how long a server
// that was restarted announces nothing.
const eventsInterval = redis.EventLease / 15

// listen records the expired events of the server until ctx ends.
func (l *engine) listen(ctx context.Context) {
	err := l.client.WatchExpired(ctx, l.prefix(), func(key string, _ time.Time) { l.announced(key) })
	if err != nil {
		l.Log.Add(lab.MarkWarn, "cacheaside.event.no-events", err.Error())
	}
}

// announced records that the server announced a key that expired.
func (l *engine) announced(key string) {
	id, err := strconv.Atoi(strings.TrimPrefix(key, l.prefix()+"product:"))
	r, now := l.present.last(), l.Clock.Now()
	if err != nil || r == nil {
		return
	}
	p := r.products.Of(id)
	late, read, ok := p.Late(now)
	if p.Announced(now) && id <= shown {
		l.copyEnded(id, measure.Expired, true)
	}
	l.Changed()
	r.counters.Expiry.Events.Add(1)
	if ok && read {
		r.counters.Latency.LateRead.Add(late)
	} else if ok {
		r.counters.Latency.LateUntouched.Add(late)
	}
}
