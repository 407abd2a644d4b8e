package cacheaside

import (
	"context"
	"strconv"
	"strings"
	"time"

	"resilab/labs/lab"
)

// notifier listens to the server's expired events. The server announces them
// only if a setting of its own says so: the lab switches that on when the
// student says so with a knob, and puts it back.
type notifier struct {
	restore func(context.Context) error
	cancel  context.CancelFunc
	done    chan struct{}
}

// listenExpired brings the notifier in line with the settings. l.life is held.
func (l *engine) listenExpired(ctx context.Context, want bool) error {
	if want == (l.notifier != nil) {
		return nil
	}
	if !want {
		n := l.notifier
		l.notifier = nil
		n.cancel()
		<-n.done
		return n.restore(ctx)
	}
	restore, err := l.keeper.EnableExpired(ctx)
	if err != nil {
		l.log.Add(lab.MarkWarn, "cacheaside.event.no-events", err.Error())
		return nil // a server may forbid it: polling sees the ends all the same
	}
	listening, cancel := context.WithCancel(l.ctx)
	n := &notifier{restore: restore, cancel: cancel, done: make(chan struct{})}
	l.notifier = n
	go func() {
		defer close(n.done)
		l.client.WatchExpired(listening, l.svc.prefix, l.announced)
	}()
	return nil
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
