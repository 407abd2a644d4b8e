package cacheaside

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"resilab/brokers/redis"
	"resilab/labs/cacheaside/catalog"
	"resilab/labs/cacheaside/export"
	"resilab/labs/cacheaside/fault"
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
	// adminTimeout bounds what the lab itself asks of a Redis that may not answer.
	adminTimeout = 2 * time.Second
	// serviceTimeout bounds a command of the service. The time-out of a read, which
	// is a setting, ends it earlier unless the lab runs very slowly.
	serviceTimeout = 10 * time.Second
)

// engine is the lab from its start to its stop.
type engine struct {
	*kit.Base
	client *redis.Client // of the service, faults included
	admin  *redis.Client // without faults: what the lab itself asks of Redis
	dialer *fault.Dialer
	db     *catalog.DB
	http   *endpoint
	health *measure.Health // of Redis
	outage service.Outage  // of the database
	events bool            // the lab uses the server's expired events

	private atomic.Pointer[privateRedis] // nil: the Redis of the environment
	answers measure.RecentAnswers
	present presentRun
	speed   atomic.Uint64 // for which the TTLs in Redis were set, as float64 bits
	drawn   atomic.Int64  // when a running TTL bar last counted as a change, Unix ns
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
		l = &engine{Base: b}
		l.health = measure.NewHealth(b.Clock.Now, l.redisChanged)
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

// Open implements kit.Engine. A Redis that does not answer is no error: the lab
// says so and works without it.
func (l *engine) Open(ctx context.Context, s lab.Settings) (err error) {
	path := catalog.InMemory
	if file := s.Text("db-file"); file != "" && !l.Env.Guest {
		path = file
	}
	if l.db, err = catalog.Open(ctx, path); err != nil {
		return err
	}
	if err := l.connect(ctx); err != nil {
		return err
	}
	l.speed.Store(math.Float64bits(l.Clock.Speed()))
	l.restoreEvents(ctx)
	if addr := s.Text("http-addr"); addr != "" && !l.Env.Guest {
		l.http, err = listen(addr, l)
	}
	return err
}

// connect makes the clients of Redis.
func (l *engine) connect(ctx context.Context) error {
	url, err := l.Env.Open(ctx, lab.Redis)
	if err != nil {
		return err
	}
	l.dialer = fault.NewDialer(context.WithoutCancel(ctx), l.Clock)
	if l.admin, err = redis.Open(url, redis.Options{}); err != nil {
		return err
	}
	l.client, err = redis.Open(url, redis.Options{Dial: l.dialer.Dial, Timeout: serviceTimeout})
	return err
}

func (l *engine) prefix() string { return l.Env.Namespace + ":" }

// Close implements kit.Engine: it removes what the lab declared.
func (l *engine) Close(ctx context.Context) error {
	var errs []error
	if l.http != nil {
		errs = append(errs, l.http.close())
	}
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	if l.admin != nil {
		errs = append(errs, l.disableEvents(ctx), l.removeKeys(ctx), l.admin.Close())
	}
	if p := l.private.Load(); p != nil {
		errs = append(errs, p.close())
	}
	if l.client != nil {
		errs = append(errs, l.client.Close())
	}
	if l.dialer != nil {
		errs = append(errs, l.dialer.Close())
	}
	if l.db != nil {
		errs = append(errs, l.db.Close())
	}
	return errors.Join(errs...)
}

// removeKeys removes the lab's keys. Where Redis is away their own TTL does.
func (l *engine) removeKeys(ctx context.Context) error {
	if _, err := l.admin.DeletePrefix(ctx, l.prefix()); err != nil && !l.redisAway() {
		return fmt.Errorf("removing the lab's keys: %w", err)
	}
	return nil
}

func (l *engine) redisAway() bool {
	_, err := l.health.Trouble()
	return err != nil
}
