package cacheaside

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"resilab/brokers/redis"
	"resilab/labs/lab"
)

// notifier listens to the server's expired events. The server announces them
// only if a setting of its own says so: the lab switches that on when the
// student says so with a knob, and puts it back.
type notifier struct {
	back   chan struct{} // Redis has been away, and may have forgotten the setting
	cancel context.CancelFunc
	tasks  sync.WaitGroup
}

// listenExpired brings the notifier in line with the settings. l.life is held.
func (l *engine) listenExpired(ctx context.Context, want bool) error {
	n := l.notifier.Load()
	if want == (n != nil) {
		return nil
	}
	if !want {
		l.notifier.Store(nil)
		n.cancel()
		n.tasks.Wait()
		return l.keeper.DisableEvents(ctx, l.env.Namespace)
	}
	n = &notifier{back: make(chan struct{}, 1)}
	if !l.enableExpired(ctx) {
		return nil // a server may forbid it: polling sees the ends all the same
	}
	var listening context.Context
	listening, n.cancel = context.WithCancel(l.ctx)
	n.tasks.Go(l.env.Guarded(func() {
		if err := l.client.WatchExpired(listening, l.svc.prefix, l.announced); err != nil {
			l.log.Add(lab.MarkWarn, "cacheaside.event.no-events", err.Error())
		}
	}))
	n.tasks.Go(l.env.Guarded(func() {
		for {
			select {
			case <-listening.Done():
				return
			case <-n.back:
				l.enableExpired(listening)
			case <-time.After(redis.EventLease / 3):
				_ = l.keeper.RenewEvents(listening, l.env.Namespace)
			}
		}
	}))
	l.notifier.Store(n)
	return nil
}

func (l *engine) enableExpired(ctx context.Context) bool {
	if err := l.keeper.EnableEvents(ctx, l.env.Namespace); err != nil {
		l.log.Add(lab.MarkWarn, "cacheaside.event.no-events", err.Error())
		return false
	}
	return true
}

// redisIsBack lets the notifier, if there is one, look after the setting.
func (l *engine) redisIsBack() {
	if n := l.notifier.Load(); n != nil {
		select {
		case n.back <- struct{}{}:
		default:
		}
	}
}

// stopListening ends the notifier, whether or not Redis can be told.
func (l *engine) stopListening(ctx context.Context) error {
	err := l.listenExpired(ctx, false)
	if err != nil && l.away() != nil {
		return nil // the setting went away with the server
	}
	return err
}

// announced is told by the server that a key has expired.
func (l *engine) announced(key string, at time.Time) {
	id, err := strconv.Atoi(strings.TrimPrefix(key, l.svc.prefix+"product:"))
	r := l.run.Load()
	if err != nil || r == nil {
		return
	}
	l.watch.expired(key, at)
	m := r.meter
	m.expiredEvents.Add(1)
	if late, read, ok := r.judge.of(id).late(at); ok && read {
		m.lateRead.add(late)
	} else if ok {
		m.lateUntouched.add(late)
	}
}
