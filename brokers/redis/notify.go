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
	// Events.Renew.
	EventLease = 30 * time.Second
	// oldLife bounds how long the setting before is remembered.
	oldLife = 30 * 24 * time.Hour
	// lockLife bounds how long a program that was killed holds the lock.
	lockLife = 5 * time.Second
	lockPoll = 20 * time.Millisecond
)

// Events is the expired events of a Redis, which several programs may use.
type Events struct{ c *Client }

// Events returns the expired events of the servers.
func (c *Client) Events() Events { return Events{c} }

// Enable switches the expired events of every server on, keeps whatever
// else is switched on, and notes that user uses them. The caller must call
// Renew within each EventLease, and Disable at the end.
func (e Events) Enable(ctx context.Context, user string) error {
	return e.locked(ctx, func(ctx context.Context) error {
		if err := e.Renew(ctx, user); err != nil {
			return err
		}
		return e.c.eachServer(ctx, e.enableOn)
	})
}

// Renew notes that a user still uses the expired events.
func (e Events) Renew(ctx context.Context, user string) error {
	end := float64(time.Now().Add(EventLease).UnixMilli())
	return e.c.wrap(e.c.rdb.ZAdd(ctx, notifyUsers, goredis.Z{Score: end, Member: user}).Err())
}

// Disable notes that a user no longer uses the expired events. After the
// last one it puts the setting back on every server, except where it was
// changed by another client meanwhile.
func (e Events) Disable(ctx context.Context, user string) error {
	return e.locked(ctx, func(ctx context.Context) error {
		if err := e.c.rdb.ZRem(ctx, notifyUsers, user).Err(); err != nil {
			return e.c.wrap(err)
		}
		return e.restoreUnused(ctx)
	})
}

// Restore puts the setting back that users have left behind who were killed.
// It does nothing while there are users, or where nothing was changed.
func (e Events) Restore(ctx context.Context) error {
	n, err := e.c.rdb.Exists(ctx, notifyOld).Result()
	if err != nil || n == 0 {
		return e.c.wrap(err)
	}
	return e.locked(ctx, e.restoreUnused)
}

// locked calls do while no other program does so on this Redis.
func (e Events) locked(ctx context.Context, do func(context.Context) error) error {
	token := strconv.FormatInt(time.Now().UnixNano(), 36)
	for {
		mine, err := e.c.SetIfAbsent(ctx, notifyLock, token, lockLife)
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
	_, unlocked := e.c.Run(ctx, unlockScript, []string{notifyLock}, token)
	return errors.Join(err, unlocked)
}

var unlockScript = NewScript(`
	if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end
	return 0`)

// enableOn switches the events of one server on. What was set before is noted
// first, so that it survives a program that is killed in between.
func (e Events) enableOn(ctx context.Context, rdb goredis.Cmdable) error {
	old, err := e.setting(ctx, rdb)
	if err != nil || withExpired(old) == old {
		return err
	}
	if err := e.c.rdb.HSetNX(ctx, notifyOld, serverName(rdb), old).Err(); err != nil {
		return e.c.wrap(err)
	}
	if err := e.c.rdb.PExpire(ctx, notifyOld, oldLife).Err(); err != nil {
		return e.c.wrap(err)
	}
	if err := rdb.ConfigSet(ctx, notifySetting, withExpired(old)).Err(); err != nil {
		return fmt.Errorf("setting %s: %w", notifySetting, e.c.wrap(err))
	}
	return nil
}

// restoreUnused puts the setting of every server back unless a user of the
// events is left.
func (e Events) restoreUnused(ctx context.Context) error {
	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	if err := e.c.rdb.ZRemRangeByScore(ctx, notifyUsers, "-inf", now).Err(); err != nil {
		return e.c.wrap(err)
	}
	users, err := e.c.rdb.ZCard(ctx, notifyUsers).Result()
	if err != nil || users > 0 {
		return e.c.wrap(err)
	}
	all, err := e.c.rdb.HGetAll(ctx, notifyOld).Result()
	if err != nil || len(all) == 0 {
		return e.c.wrap(err)
	}
	err = e.c.eachServer(ctx, func(ctx context.Context, rdb goredis.Cmdable) error {
		old, changed := all[serverName(rdb)]
		if !changed {
			return nil
		}
		return e.restoreOn(ctx, rdb, old)
	})
	return errors.Join(err, e.c.wrap(e.c.rdb.Del(ctx, notifyOld).Err()))
}

func (e Events) restoreOn(ctx context.Context, rdb goredis.Cmdable, old string) error {
	now, err := e.setting(ctx, rdb)
	if err != nil || !sameFlags(now, withExpired(old)) {
		return err // another client has changed it
	}
	if err := rdb.ConfigSet(ctx, notifySetting, old).Err(); err != nil {
		return fmt.Errorf("putting %s back to %q: %w", notifySetting, old, e.c.wrap(err))
	}
	return nil
}

// sameFlags reports whether two settings mean the same; the server writes the
// letters in its order.
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

// Setting returns the setting of which events a server announces.
func (e Events) Setting(ctx context.Context) (string, error) { return e.setting(ctx, e.c.rdb) }

func (e Events) setting(ctx context.Context, rdb goredis.Cmdable) (string, error) {
	got, err := rdb.ConfigGet(ctx, notifySetting).Result()
	if err != nil {
		return "", fmt.Errorf("asking for %s: %w", notifySetting, e.c.wrap(err))
	}
	return got[notifySetting], nil
}
