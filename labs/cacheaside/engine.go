package cacheaside

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"resilab/labs/cacheaside/catalog"
	"resilab/labs/cacheaside/export"
	"resilab/labs/cacheaside/measure"
	"resilab/labs/cacheaside/service"
	"resilab/labs/kit"
	"resilab/labs/lab"
)

const (
	logSize = 400
	// eventsShown is how many log lines a snapshot carries.
	eventsShown = 200
	// routineLines is how many lines of one text a person can read each second.
	routineLines = 6
	// inFlightMax bounds the reads that wait at the same time, as a server's
	// connection limit does; what arrives beyond it fails at once.
	inFlightMax = 5000
	// guestInFlight is that of a visitor: what comes in a second at the highest rate.
	guestInFlight = 550
	// adminTimeout bounds what the lab itself asks of a Redis that may not answer.
	adminTimeout = 2 * time.Second
	// removeTimeout bounds one removal of all keys of the lab.
	removeTimeout = 10 * time.Second
	// serviceTimeout bounds a command of the service. The time-out of a read, which
	// is a setting, ends it earlier unless the lab runs very slowly.
	serviceTimeout = 10 * time.Second
)

// engine is the lab from its start to its stop.
type engine struct {
	*kit.Base
	log           eventLog
	servers       *servers
	status        *redisStatus
	announcements *announcements
	speed         *speedFollower
	db            *catalog.DB
	http          *endpoint
	outage        service.Outage // of the database
	answers       measure.RecentAnswers
	present       presentRun
	drawn         atomic.Int64 // when a running TTL bar last counted as a change, Unix ns
}

// New returns the lab, ready to start.
func New(env lab.Env) lab.Lab {
	runner, _ := newLab(env)
	return runner
}

func newLab(env lab.Env) (*kit.Runner[*run], *engine) {
	var l *engine
	options := kit.Options{LogSize: logSize, Shown: eventsShown, Routine: routineLines}
	runner := kit.NewRunner(env, options, func(b *kit.Base) kit.Engine[*run] {
		l = &engine{Base: b, log: eventLog{b.Log, b.Env.Guest}}
		return l
	})
	return runner, l
}

// Needs returns the kinds of brokers that a run opens, whatever its settings.
func Needs(lab.Settings) []string { return []string{lab.Redis} }

// Export writes the settings as programs.
func Export() *lab.Export {
	return &lab.Export{Targets: export.Targets(), Target: func(lab.Settings) string { return "node" }, Code: export.Code}
}

// OnScreen is where the course's demo listens on a person's own screen.
func OnScreen() lab.Settings { return lab.Settings{"http-addr": lab.TextValue(CourseHTTPAddr)} }

// Open implements kit.Engine. A Redis that does not answer is not an error: the lab
// says so and works without it.
func (l *engine) Open(ctx context.Context, s lab.Settings) (err error) {
	path := catalog.InMemory
	if file := s.Text("db-file"); file != "" && !l.Env.Guest {
		path = file
	}
	if l.db, err = catalog.Open(ctx, path); err != nil {
		return err
	}
	if l.servers, err = openServers(ctx, l.Base); err != nil {
		return err
	}
	l.status = newRedisStatus(l.Base, l.servers)
	l.speed = newSpeedFollower(l.Clock, l.servers, l.status)
	l.announcements = &announcements{base: l.Base, servers: l.servers, status: l.status}
	l.announcements.restore(ctx)
	if addr := s.Text("http-addr"); addr != "" && !l.Env.Guest {
		l.http, err = listen(addr, &l.present)
	}
	return err
}

// Close implements kit.Engine: it removes what the lab declared.
func (l *engine) Close(ctx context.Context) error {
	var errs []error
	if l.http != nil {
		errs = append(errs, l.http.close())
	}
	if l.announcements != nil {
		errs = append(errs, l.removeDeclared(ctx))
	}
	if l.servers != nil {
		errs = append(errs, l.servers.close())
	}
	if l.db != nil {
		errs = append(errs, l.db.Close())
	}
	return errors.Join(errs...)
}

// removeDeclared ends the use of expired events and removes the lab's keys. While
// Redis is away, their TTL removes them. A server that is busy, as when a class
// leaves, is asked again until ctx ends.
func (l *engine) removeDeclared(ctx context.Context) error {
	disabling, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	err := l.announcements.disable(disabling)
	for {
		removed := l.removeKeys(ctx)
		failed, ok := errors.AsType[net.Error](removed)
		late := ok && failed.Timeout() && ctx.Err() == nil
		switch away := l.status.away(); {
		case late && (l.Env.Guest || !away): // nobody waits for a visitor's
			continue
		case away:
			return err
		default:
			return errors.Join(err, removed)
		}
	}
}

// removeKeys asks once, and waits no longer than a server needs that is well.
func (l *engine) removeKeys(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, removeTimeout)
	defer cancel()
	return l.servers.removeKeys(ctx)
}
