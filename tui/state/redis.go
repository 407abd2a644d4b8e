package state

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"resilab/brokers"
	"resilab/labs/course"
)

// Keys of the state in Redis. Each is one hash, so that none needs another's
// slot in a Cluster.
const (
	peopleKey      = "resilab:class:people"    // a person by ID
	progressPrefix = "resilab:class:progress:" // of a person: a record by card
)

// Redis keeps the state in Redis: one server, a Cluster or Sentinels. Several
// servers that share it are one class. While Redis is away, what is saved waits
// in memory and is written when it is back.
type Redis struct {
	client *brokers.Redis
	log    *slog.Logger

	mu      sync.Mutex
	waiting *backlog
	away    error // why the last write failed; nil: none did
	wake    chan struct{}

	stop context.CancelFunc
	done chan struct{}
}

var _ Store = (*Redis)(nil)

// OpenRedis returns the state in the Redis at a URL, as brokers.OpenRedis reads it,
// and waits until it answers. The caller must call Close.
func OpenRedis(ctx context.Context, url string, log *slog.Logger) (*Redis, error) {
	client, err := brokers.OpenRedis(url)
	if err != nil {
		return nil, fmt.Errorf("opening the state: %w", err)
	}
	if err := client.Ping(ctx); err != nil {
		return nil, fmt.Errorf("opening the state: %w", errors.Join(err, client.Close()))
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	r := &Redis{client: client, log: log, waiting: newBacklog(), wake: make(chan struct{}, 1), stop: stop, done: make(chan struct{})}
	go r.flush(running)
	return r, nil
}

// Close writes what still waits, as far as Redis takes it before ctx ends.
// The error says how much is lost.
func (r *Redis) Close(ctx context.Context) error {
	r.stop()
	<-r.done
	err := r.writeWaiting(ctx)
	if n := r.Waiting(); n > 0 {
		err = fmt.Errorf("%d unsaved records are lost: %w", n, err)
	}
	return errors.Join(err, r.client.Close())
}

// People implements Store. Fields that hold no person are left out.
func (r *Redis) People(ctx context.Context) (people []Person, err error) {
	fields, err := r.client.Hash(peopleKey).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing people: %w", err)
	}
	for id, text := range fields {
		var p Person
		if CheckID(id) == nil && json.Unmarshal([]byte(text), &p) == nil && p.ID == id {
			people = append(people, p)
		}
	}
	slices.SortFunc(people, func(a, b Person) int {
		return cmp.Or(cmp.Compare(fold(a.Name), fold(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	return people, nil
}

// Keep implements Store.
func (r *Redis) Keep(ctx context.Context, p Person) error {
	if err := CheckID(p.ID); err != nil {
		return err
	}
	if !r.deferring() {
		err := r.writePerson(ctx, p)
		if err == nil {
			return nil
		}
		r.wentAway(err)
	}
	r.hold(func(b *backlog) { b.keep(p) })
	return nil
}

func (r *Redis) writePerson(ctx context.Context, p Person) error {
	text, err := r.client.Hash(peopleKey).Get(ctx, p.ID)
	if err != nil && !errors.Is(err, brokers.ErrMiss) {
		return err
	}
	var old Person
	if err == nil && json.Unmarshal([]byte(text), &old) == nil {
		p.Active = max(p.Active, old.Active)
	}
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return r.client.Hash(peopleKey).Set(ctx, p.ID, string(data))
}

// Progress implements Store.
func (r *Redis) Progress(ctx context.Context, id string) (Progress, error) {
	if err := CheckID(id); err != nil {
		return nil, err
	}
	fields, err := r.client.Hash(progressPrefix + id).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading progress: %w", err)
	}
	p := &redisProgress{store: r, id: id, records: map[string]course.Record{}}
	for card, text := range fields {
		var rec course.Record
		if json.Unmarshal([]byte(text), &rec) == nil {
			p.records[card] = rec
		}
	}
	r.hold(func(b *backlog) { // what waits is newer
		for key, rec := range b.records {
			if key.person == id {
				p.records[key.card] = course.Merge(p.records[key.card], *rec)
			}
		}
	})
	return p, nil
}

// swapScript replaces a field if it still holds what was read.
var swapScript = brokers.NewRedisScript(`
	if (redis.call("HGET", KEYS[1], ARGV[1]) or "") ~= ARGV[2] then return 0 end
	redis.call("HSET", KEYS[1], ARGV[1], ARGV[3])
	return 1`)

// maxSwaps bounds how often a record is merged because another server was faster.
const maxSwaps = 100

// writeRecord merges a record into what Redis has.
func (r *Redis) writeRecord(ctx context.Context, id, card string, rec course.Record) error {
	key := progressPrefix + id
	for range maxSwaps {
		old, err := r.client.Hash(key).Get(ctx, card)
		if err != nil && !errors.Is(err, brokers.ErrMiss) {
			return err
		}
		var kept course.Record
		_ = json.Unmarshal([]byte(old), &kept) // what is no record is replaced
		data, err := json.Marshal(course.Merge(kept, rec))
		if err != nil {
			return err
		}
		switch swapped, err := r.client.Run(ctx, swapScript, []string{key}, card, old, string(data)); {
		case err != nil:
			return err
		case swapped == 1:
			return nil
		}
	}
	return fmt.Errorf("saving %s of %s: others save it all the time", card, id)
}

// redisProgress is one person's progress in Redis.
type redisProgress struct {
	store *Redis
	id    string

	mu      sync.Mutex
	records map[string]course.Record
}

// Record implements Progress.
func (p *redisProgress) Record(card string) course.Record {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.records[card]
}

// Save implements Progress. While Redis is away the record waits.
func (p *redisProgress) Save(card string, rec course.Record) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	rec = course.Merge(p.records[card], rec)
	p.records[card] = rec
	r := p.store
	if !r.deferring() {
		ctx, cancel := context.WithTimeout(context.Background(), saveTimeout)
		defer cancel()
		err := r.writeRecord(ctx, p.id, card, rec)
		if err == nil {
			return nil
		}
		r.wentAway(err)
	}
	r.hold(func(b *backlog) { b.add(recordKey{p.id, card}, rec) })
	return nil
}
