package cacheaside

import (
	"context"
	"time"

	"resilab/brokers/redis"
	"resilab/labs/kit"
	"resilab/labs/lab"
)

// announcements is the lab's use of the server's expired events.
type announcements struct {
	base    *kit.Base
	servers *servers
	status  *redisStatus
	on      bool
}

// restore switches off the expired events that a killed program has left on.
func (a *announcements) restore(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	_ = a.servers.admin.Events().Restore(ctx) // a Redis that is away shows by itself
}

// use switches the server's expired events on or off. Redis announces them
// only where a setting of the server says so: the lab changes it when the person
// asks for that.
func (a *announcements) use(ctx context.Context, want bool) {
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	var err error
	switch {
	case want && !a.on:
		err = a.servers.admin.Events().Enable(ctx, a.base.Env.Namespace)
		a.on = err == nil
	case !want:
		err = a.disable(ctx)
	}
	if err != nil { // a server may forbid it: polling sees the ends all the same
		a.base.Log.Add(lab.MarkWarn, "cacheaside.event.no-events", err.Error())
	}
}

// disable ends the lab's use of the events, if any. Where Redis is away its
// lease runs out.
func (a *announcements) disable(ctx context.Context) error {
	if !a.on {
		return nil
	}
	a.on = false
	if err := a.servers.admin.Events().Disable(ctx, a.base.Env.Namespace); err != nil && !a.status.away() {
		return err
	}
	return nil
}

// renew keeps the server announcing until ctx ends, also when it was
// restarted and has forgotten the setting.
func (a *announcements) renew(ctx context.Context) {
	kit.Every(ctx, eventsInterval, func() {
		if a.base.Awake(ctx) != nil {
			return
		}
		_ = a.servers.admin.Events().Enable(ctx, a.base.Env.Namespace) // fails while Redis is away
	})
}

// eventsInterval is well within the lease of the events, and how long a server
// that was restarted announces nothing.
const eventsInterval = redis.EventLease / 15

// listen calls announced for each key of the lab that the server reports as expired,
// until ctx ends.
func (a *announcements) listen(ctx context.Context, announced func(key string)) {
	err := a.servers.client.Events().Watch(ctx, a.servers.prefix, func(key string, _ time.Time) { announced(key) })
	if err != nil {
		a.base.Log.Add(lab.MarkWarn, "cacheaside.event.no-events", err.Error())
	}
}
