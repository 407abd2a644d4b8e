package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

const notifySetting = "notify-keyspace-events"

// Redis announces expired keys only where a setting of the whole server says so.
// Several programs may want that at a time, and each may be killed. So they keep
// in Redis who uses the events and what the setting was before, and the last
// user, or the next program that starts, puts it back.
const (
	notifyUsers = "{resilab-notify}:users" // sorted set: user by the end of its lease, Unix ms
	notifyOld   = "{resilab-notify}:old"   // hash: the setting before, by server
	notifyLock  = "{resilab-notify}:lock"  // held while one of them is changed
)

const (
	// EventLease is how long a user of the expired events counts as one without
	// RenewEvents.
	EventLease = 30 * time.Second
	// oldLife bounds how long the setting before is remembered.
	oldLife = 30 * 24 * time.Hour
	// lockLife bounds how long a program that was killed holds the lock.
	lockLife = 5 * time.Second
	lockPoll = 20 * time.Millisecond
)

// EnableEvents switches the expired events of every server on, keeps whatever
// else is switched on, and notes that user uses them. The caller must call
// RenewEvents within each EventLease, and DisableEvents at the end.
func (c *Client) EnableEvents(ctx context.Context, user string) error {
	return c.locked(ctx, func(ctx context.Context) error {
		if err := c.RenewEvents(ctx, user); err != nil {
			return err
		}
		return c.eachServer(ctx, c.enableOn)
	})
}

// RenewEvents notes that a user still uses the expired events.
func (c *Client) RenewEvents(ctx context.Context, user string) error {
	end := float64(time.Now().Add(EventLease).UnixMilli())
	return c.wrap(c.rdb.ZAdd(ctx, notifyUsers, goredis.Z{Score: end, Member: user}).Err())
}

// DisableEvents notes that a user no longer uses the expired events. After the
// last one it puts the setting back on every server, except where somebody else
// has changed it meanwhile.
func (c *Client) DisableEvents(ctx context.Context, user string) error {
	return c.locked(ctx, func(ctx context.Context) error {
		if err := c.rdb.ZRem(ctx, notifyUsers, user).Err(); err != nil {
			return c.wrap(err)
		}
		return c.restoreUnused(ctx)
	})
}

// RestoreEvents puts the setting back that users have left behind who were killed.
// It does nothing while there are users, or where nothing was changed.
func (c *Client) RestoreEvents(ctx context.Context) error {
	n, err := c.rdb.Exists(ctx, notifyOld).Result()
	if err != nil || n == 0 {
		return c.wrap(err)
	}
	return c.locked(ctx, c.restoreUnused)
}

// locked calls do while no other program does so on this Redis.
func (c *Client) locked(ctx context.Context, do func(context.Context) error) error {
	token := strconv.FormatInt(time.Now().UnixNano(), 36)
	for {
		mine, err := c.SetIfAbsent(ctx, notifyLock, token, lockLife)
		if err != nil {
			return err
		}
		if mine {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for another program to change %s: %w", notifySetting, ctx.Err())
		case <-time.After(lockPoll):
		}
	}
	err := do(ctx)
	_, unlocked := c.Run(ctx, unlockScript, []string{notifyLock}, token)
	return errors.Join(err, unlocked)
}

var unlockScript = NewScript(`
	if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end
	return 0`)

// enableOn switches the events of one server on. What was set before is noted
// first, so that it survives a program that is killed in between.
func (c *Client) enableOn(ctx context.Context, rdb goredis.Cmdable) error {
	old, err := c.notifies(ctx, rdb)
	if err != nil || withExpired(old) == old {
		return err
	}
	if err := c.rdb.HSetNX(ctx, notifyOld, serverName(rdb), old).Err(); err != nil {
		return c.wrap(err)
	}
	if err := c.rdb.PExpire(ctx, notifyOld, oldLife).Err(); err != nil {
		return c.wrap(err)
	}
	if err := rdb.ConfigSet(ctx, notifySetting, withExpired(old)).Err(); err != nil {
		return fmt.Errorf("setting %s: %w", notifySetting, c.wrap(err))
	}
	return nil
}

// restoreUnused puts the setting of every server back unless somebody uses the
// events.
func (c *Client) restoreUnused(ctx context.Context) error {
	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	if err := c.rdb.ZRemRangeByScore(ctx, notifyUsers, "-inf", now).Err(); err != nil {
		return c.wrap(err)
	}
	users, err := c.rdb.ZCard(ctx, notifyUsers).Result()
	if err != nil || users > 0 {
		return c.wrap(err)
	}
	all, err := c.rdb.HGetAll(ctx, notifyOld).Result()
	if err != nil || len(all) == 0 {
		return c.wrap(err)
	}
	err = c.eachServer(ctx, func(ctx context.Context, rdb goredis.Cmdable) error {
		old, changed := all[serverName(rdb)]
		if !changed {
			return nil
		}
		return c.restoreOn(ctx, rdb, old)
	})
	return errors.Join(err, c.wrap(c.rdb.Del(ctx, notifyOld).Err()))
}

func (c *Client) restoreOn(ctx context.Context, rdb goredis.Cmdable, old string) error {
	now, err := c.notifies(ctx, rdb)
	if err != nil || !sameFlags(now, withExpired(old)) {
		return err // somebody else has changed it
	}
	if err := rdb.ConfigSet(ctx, notifySetting, old).Err(); err != nil {
		return fmt.Errorf("putting %s back to %q: %w", notifySetting, old, c.wrap(err))
	}
	return nil
}

// sameFlags reports whether two settings mean the same; the server writes the
// letters in an order of its own.
func sameFlags(a, b string) bool {
	return strings.Trim(a, b) == "" && strings.Trim(b, a) == ""
}

// serverName tells the servers of a Cluster apart.
func serverName(rdb goredis.Cmdable) string {
	if node, ok := rdb.(*goredis.Client); ok {
		return node.Options().Addr
	}
	return "server"
}

// eachServer calls do for the server, or for every master of a Cluster, several
// at once: what is set or announced there is known to that one alone.
func (c *Client) eachServer(ctx context.Context, do func(context.Context, goredis.Cmdable) error) error {
	cluster, ok := c.rdb.(*goredis.ClusterClient)
	if !ok {
		return do(ctx, c.rdb)
	}
	return cluster.ForEachMaster(ctx, func(ctx context.Context, node *goredis.Client) error { return do(ctx, node) })
}

// withExpired adds what is needed: E for events by name, x for expired. A stands
// for all kinds of events and includes x.
func withExpired(flags string) string {
	if !strings.Contains(flags, "E") {
		flags += "E"
	}
	if !strings.ContainsAny(flags, "xA") {
		flags += "x"
	}
	return flags
}

// Notifies returns the setting of which events a server announces.
func (c *Client) Notifies(ctx context.Context) (string, error) { return c.notifies(ctx, c.rdb) }

func (c *Client) notifies(ctx context.Context, rdb goredis.Cmdable) (string, error) {
	got, err := rdb.ConfigGet(ctx, notifySetting).Result()
	if err != nil {
		return "", fmt.Errorf("asking for %s: %w", notifySetting, c.wrap(err))
	}
	return got[notifySetting], nil
}
