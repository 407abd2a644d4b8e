package cacheaside

import (
	"context"
	"errors"
	"fmt"
	"time"

	"resilab/brokers/redis"
)

// Words of the knob eviction: who makes room when the cache is full. The lab
// itself does on any Redis; the others are policies of a Redis that the lab
// starts for itself, because maxmemory is a setting of a whole server.
const (
	evictionLab    = "lab"
	evictionLRU    = "allkeys-lru"
	evictionLFU    = "allkeys-lfu"
	evictionRandom = "allkeys-random"
	evictionTTL    = "volatile-ttl"
)

const (
	// ownPadding makes a copy so large that the server's own memory hardly
	// counts beside the copies: with its overhead it fills 32 KiB.
	ownPadding = 32_000
	ownCopy    = 32<<10 + 256
	// The buffers of connections count as the server's memory, too: few
	// connections leave it to the copies.
	ownConnections = 4
	ownBuffers     = ownConnections * (96 << 10)
	// gaugePace is how often the server's memory is looked at.
	gaugePace = 500 * time.Millisecond
)

// ownRedis is a real Redis of the lab's own with bounded memory.
type ownRedis struct {
	server *redis.Process
	client *redis.Client
	policy string
	copies int
}

func startOwn(ctx context.Context, policy string, copies int) (*ownRedis, error) {
	server, err := redis.StartProcess(ctx)
	if err != nil {
		return nil, fmt.Errorf("starting a Redis of the lab's own: %w", err)
	}
	o := &ownRedis{server: server, policy: policy, copies: copies}
	if o.client, err = redis.Open(server.URL(), redis.Options{PoolSize: ownConnections}); err != nil {
		return nil, errors.Join(err, server.Close())
	}
	if err := o.client.BoundMemory(ctx, int64(copies)*ownCopy+ownBuffers, policy); err != nil {
		return nil, errors.Join(err, o.close())
	}
	return o, nil
}

func (o *ownRedis) close() error { return errors.Join(o.client.Close(), o.server.Close()) }

// useOwn starts or ends the lab's own Redis as the settings say. l.life is held.
func (l *engine) useOwn(ctx context.Context, c config) error {
	old := l.own.Load()
	if old != nil && old.policy == c.eviction && old.copies == c.cacheSize {
		return nil
	}
	if old != nil {
		l.own.Store(nil)
		if err := old.close(); err != nil {
			return err
		}
	}
	if c.eviction == evictionLab {
		return nil
	}
	own, err := startOwn(ctx, c.eviction, c.cacheSize)
	if err != nil {
		return err
	}
	l.own.Store(own)
	return nil
}

// redis is the client of the Redis in use.
func (l *engine) redis() *redis.Client {
	if own := l.own.Load(); own != nil {
		return own.client
	}
	return l.client
}

// gauge follows the memory of the lab's own Redis until ctx ends.
func (l *engine) gauge(ctx context.Context) {
	t := time.NewTicker(gaugePace)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		own, r := l.own.Load(), l.run.Load()
		if own == nil {
			continue
		}
		m, err := own.client.Memory(ctx)
		if err != nil {
			continue // it has just been replaced
		}
		r.memory.Store(&m)
		l.changed()
	}
}
