package cacheaside

import (
	"context"
	"errors"
	"fmt"
	"time"

	"resilab/brokers/redis"
	"resilab/labs/kit"
)

// Words of the knob eviction: who evicts copies when the cache is full. The lab
// itself does on any Redis; the others are policies of a Redis that the lab starts
// for itself, because maxmemory is a setting of a whole server.
const (
	evictionLab    = "lab"
	evictionLRU    = "allkeys-lru"
	evictionLFU    = "allkeys-lfu"
	evictionRandom = "allkeys-random"
	evictionTTL    = "volatile-ttl"
)

const (
	// privatePadding makes a copy so large that the server's own memory hardly
	// counts beside the copies: with its overhead it fills 32 KiB.
	privatePadding = 32_000
	privateCopy    = 32<<10 + 256
	// The buffers of connections count as the server's memory, too: few
	// connections leave it to the copies.
	privateConnections = 4
	privateBuffers     = privateConnections * (96 << 10)
	// memoryInterval is how often the server's memory is read.
	memoryInterval = 500 * time.Millisecond
)

// privateRedis is a redis-server of this lab with bounded memory.
type privateRedis struct {
	server *redis.Process
	client *redis.Client
	policy string
	copies int
}

func startPrivate(ctx context.Context, policy string, copies int) (*privateRedis, error) {
	server, err := redis.StartProcess(ctx)
	if err != nil {
		return nil, fmt.Errorf("starting a private Redis: %w", err)
	}
	p := &privateRedis{server: server, policy: policy, copies: copies}
	if p.client, err = redis.Open(server.URL(), redis.Options{PoolSize: privateConnections}); err != nil {
		return nil, errors.Join(err, server.Close())
	}
	if err := p.client.BoundMemory(ctx, int64(copies)*privateCopy+privateBuffers, policy); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *privateRedis) close() error { return errors.Join(p.client.Close(), p.server.Close()) }

// followMemory reads the memory of the private Redis until ctx ends.
func (r *run) followMemory(ctx context.Context, p *privateRedis) {
	kit.Every(ctx, memoryInterval, func() {
		if r.base.Awake(ctx) != nil {
			return
		}
		if m, err := p.client.Memory(ctx); err == nil {
			r.memory.Store(&m)
			r.base.Changed()
		}
	})
}
