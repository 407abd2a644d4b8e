package state

import (
	"context"
	"time"

	"resilab/labs/course"
)

// retryInterval is how often Redis is asked whether it is back.
const retryInterval = time.Second

// backlog is what waits to be written.
type backlog struct {
	people  map[string]Person
	records map[string]map[string]course.Record // by person and card
}

func newBacklog() *backlog {
	return &backlog{people: map[string]Person{}, records: map[string]map[string]course.Record{}}
}

// add merges a record into those of a person.
func (b *backlog) add(id, card string, rec course.Record) {
	if b.records[id] == nil {
		b.records[id] = map[string]course.Record{}
	}
	b.records[id][card] = course.Merge(b.records[id][card], rec)
}

// size is how many people and records wait.
func (b *backlog) size() int {
	n := len(b.people)
	for _, records := range b.records {
		n += len(records)
	}
	return n
}

// Waiting returns how many people and records wait to be written.
func (r *Redis) Waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.waiting.size() + r.writing
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

// writeWaiting writes what waits. What could not be written waits on.
func (r *Redis) writeWaiting(ctx context.Context) (err error) {
	r.mu.Lock()
	taken := r.waiting
	r.waiting = newBacklog()
	n := taken.size()
	r.writing = n
	r.mu.Unlock()
	if n == 0 {
		return nil
	}
	for id, p := range taken.people {
		if err = r.writePerson(ctx, p); err != nil {
			break
		}
		delete(taken.people, id)
	}
	for id, records := range taken.records {
		for card, rec := range records {
			if err != nil {
				break
			}
			if err = r.writeRecord(ctx, id, card, rec); err == nil {
				delete(records, card)
			}
		}
	}
	r.putBack(taken)
	if err == nil {
		r.cameBack(n)
	}
	return err
}

// putBack lets what could not be written wait again; what was saved meanwhile is
// newer.
func (r *Redis) putBack(old *backlog) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writing = 0
	for id, p := range old.people {
		if _, newer := r.waiting.people[id]; !newer {
			r.waiting.people[id] = p
		}
	}
	for id, records := range old.records {
		for card, rec := range records {
			newer := r.waiting.records[id][card]
			r.waiting.add(id, card, rec)
			r.waiting.add(id, card, newer)
		}
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
