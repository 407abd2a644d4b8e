package cacheaside

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"resilab/brokers/redis"
	"resilab/labs/cacheaside/fault"
	"resilab/labs/kit"
	"resilab/labs/lab"
)

// servers is the Redis that holds the lab's keys, and the clients of it.
type servers struct {
	prefix  string        // of every key
	client  *redis.Client // of the service, faults included
	admin   *redis.Client // without faults: what the lab itself asks of Redis
	dialer  *fault.Dialer
	private atomic.Pointer[privateRedis] // nil: the Redis of the environment
}

// openServers makes the clients. It does not connect yet. After an error, too, the
// caller must call close.
func openServers(ctx context.Context, b *kit.Base) (*servers, error) {
	s := &servers{prefix: b.Env.Namespace + ":", dialer: fault.NewDialer(context.WithoutCancel(ctx), b.Clock)}
	url, err := b.Env.Open(ctx, lab.Redis)
	if err != nil {
		return s, err
	}
	if s.admin, err = redis.Open(url, redis.Options{Timeout: adminTimeout}); err != nil {
		return s, err
	}
	s.client, err = redis.Open(url, redis.Options{Dial: s.dialer.Dial, Timeout: serviceTimeout})
	return s, err
}

// close ends the private Redis and all connections.
func (s *servers) close() error {
	var errs []error
	if s.admin != nil {
		errs = append(errs, s.admin.Close())
	}
	if p := s.private.Load(); p != nil {
		errs = append(errs, p.close())
	}
	if s.client != nil {
		errs = append(errs, s.client.Close())
	}
	return errors.Join(append(errs, s.dialer.Close())...)
}

// removeKeys removes the lab's keys from the Redis of the environment.
func (s *servers) removeKeys(ctx context.Context) error {
	if _, err := s.admin.DeletePrefix(ctx, s.prefix); err != nil {
		return fmt.Errorf("removing the lab's keys: %w", err)
	}
	return nil
}

// forget empties the cache.
func (s *servers) forget(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	_, err := s.cacheAdmin().DeletePrefix(ctx, s.prefix)
	return err
}

// usePrivate starts or ends the private Redis as the settings say.
func (s *servers) usePrivate(ctx context.Context, policy string, copies int) error {
	old := s.private.Load()
	if old != nil && old.policy == policy && old.copies == copies {
		return nil
	}
	if old != nil {
		s.private.Store(nil)
		if err := old.close(); err != nil {
			return err
		}
	}
	if policy == evictionLab {
		return nil
	}
	p, err := startPrivate(ctx, policy, copies)
	if err != nil {
		return err
	}
	s.private.Store(p)
	return nil
}

// cache returns the client of the Redis that holds the copies.
func (s *servers) cache() *redis.Client {
	if p := s.private.Load(); p != nil {
		return p.client
	}
	return s.client
}

// cacheAdmin returns a client of the same Redis whose connections have no fault.
func (s *servers) cacheAdmin() *redis.Client {
	if p := s.private.Load(); p != nil {
		return p.client
	}
	return s.admin
}
