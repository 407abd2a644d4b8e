package state

import (
	"context"
	"maps"
	"time"

	"resilab/labs/course"
)

// retryInterval is how often Redis is asked whether it is back.
const retryInterval = time.Second

// backlog is what waits to be written. An entry that changes is replaced: while
// its pointer is the same, it is what was written.
type backlog struct {
	people  map[string]*Person
	records map[recordKey]*course.Record
}

type recordKey struct{ person, card string }

func newBacklog() *backlog {
	return &backlog{people: map[string]*Person{}, records: map[recordKey]*course.Record{}}
}

// keep replaces what waits of a person.
func (b *backlog) keep(p Person) {
	if old := b.people[p.ID]; old != nil {
		p.Active = max(p.Active, old.Active)
	}
	b.people[p.ID] = &p
}

// add merges a record into what waits of its card.
func (b *backlog) add(key recordKey, rec course.Record) {
	if old := b.records[key]; old != nil {
		rec = course.Merge(*old, rec)
	}
	b.records[key] = &rec
}

// Waiting returns how many people and records wait to be written.
func (r *Redis) Waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.waiting.people) + len(r.waiting.records)
}

// deferring reports whether a save must wait: others wait already.
func (r *Redis) deferring() bool { return r.Waiting() > 0 }

// hold reads or changes what waits, and makes sure that it will be written.
func (r *Redis) hold(do func(*backlog)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	do(r.waiting)
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// wentAway records a failed write, and logs the first one.
func (r *Redis) wentAway(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away == nil {
		r.log.Error("the state cannot be written; saves wait", "error", err)
	}
	r.away = err
}

// flush writes what waits, until ctx ends.
func (r *Redis) flush(ctx context.Context) {
	defer close(r.done)
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		}
		for r.Waiting() > 0 {
			if err := r.writeWaiting(ctx); err != nil {
				r.wentAway(err)
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(retryInterval):
			}
		}
	}
}

// writeWaiting writes what waits. What could not be written, and what was saved
// meanwhile, waits on.
func (r *Redis) writeWaiting(ctx context.Context) error {
	r.mu.Lock()
	people, records := maps.Clone(r.waiting.people), maps.Clone(r.waiting.records)
	r.mu.Unlock()
	for id, p := range people {
		if err := r.writePerson(ctx, *p); err != nil {
			return err
		}
		written(r, r.waiting.people, id, p)
	}
	for key, rec := range records {
		if err := r.writeRecord(ctx, key.person, key.card, *rec); err != nil {
			return err
		}
		written(r, r.waiting.records, key, rec)
	}
	if n := len(people) + len(records); n > 0 {
		r.cameBack(n)
	}
	return nil
}

// written removes an entry from what waits, unless it changed since it was read.
func written[K, V comparable](r *Redis, waiting map[K]V, key K, value V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if waiting[key] == value {
		delete(waiting, key)
	}
}

func (r *Redis) cameBack(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away != nil {
		r.log.Info("the state can be written again", "written", n)
	}
	r.away = nil
}
