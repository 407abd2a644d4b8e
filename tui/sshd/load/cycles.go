package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// ways are how clients leave: they quit, the connection is closed, or it is reset
// in the middle of a frame as when a client is killed.
var ways = [...]func(*client) error{
	func(c *client) error {
		if err := c.press("\x03"); err != nil {
			return err
		}
		_ = c.session.Wait() // its error is the exit status
		return c.conn.Close()
	},
	func(c *client) error { return c.tcp.Close() },
	func(c *client) error {
		if err := c.tcp.SetLinger(0); err != nil {
			return err
		}
		return c.tcp.Close()
	},
}

// places are the sessions that the server must have room for: one that has ended
// keeps its place until its labs are removed.
func (l load) places() int {
	if l.cycles > 0 {
		return 5 * l.sessions
	}
	return l.sessions
}

// comeAndLeave lets clients come and leave, in all ways in turn, and fails unless
// the server has as few goroutines and descriptors afterwards as before. The first
// visits, which start what is shared, count as before.
func (l load) comeAndLeave(ctx context.Context) error {
	if err := l.visits(ctx, max(l.sessions, len(ways))); err != nil {
		return err
	}
	before := l.quiet(ctx, usage{})
	began := time.Now()
	if err := l.visits(ctx, l.cycles); err != nil {
		return err
	}
	took := time.Since(began)
	after := l.quiet(ctx, before)
	fmt.Printf("%d visits in %.0f s, %d at once: quit, cut, killed in turn\n", l.cycles, took.Seconds(), l.sessions)
	if !before.known {
		return nil
	}
	fmt.Printf("goroutines:  %d (before: %d)\ndescriptors: %d (before: %d)\nmemory:      %.1f MB (before: %.1f)\n",
		after.goroutines, before.goroutines, after.files, before.files, after.rss/1e6, before.rss/1e6)
	if !after.asFewAs(before) {
		return fmt.Errorf("after %d visits: %d goroutines instead of %d, %d descriptors instead of %d",
			l.cycles, after.goroutines, before.goroutines, after.files, before.files)
	}
	return nil
}

// spare is by how much the server may have more than before: what all visits share
// may need another connection. A way of leaving that leaves something behind shows:
// thirty visits leave ten.
const spare = 2

// asFewAs reports whether the server has no more goroutines and descriptors than
// before, but for spare.
func (u usage) asFewAs(before usage) bool {
	return u.goroutines <= before.goroutines+spare && u.files <= before.files+spare
}

// visits makes so many visits, --sessions at once.
func (l load) visits(ctx context.Context, n int) error {
	var group errgroup.Group
	group.SetLimit(l.sessions)
	for i := range n {
		group.Go(func() error {
			c, err := newClient(ctx, l.addr, i)
			if err == nil {
				err = ways[i%len(ways)](c)
			}
			if err != nil {
				return fmt.Errorf("visit %d: %w", i+1, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// quiet waits until the server has no more goroutines and descriptors than before,
// or, without such a state, until both no longer fall.
func (l load) quiet(ctx context.Context, before usage) usage {
	const still = 20 // readings without a change
	last := l.server.usage()
	end := time.Now().Add(patience)
	for same := 0; last.known && same < still && time.Now().Before(end); {
		if before.known && last.asFewAs(before) || !sleep(ctx, keyPause) {
			break
		}
		now := l.server.usage()
		if same++; now.goroutines < last.goroutines || now.files < last.files || before.known {
			same = 0
		}
		last = now
	}
	return last
}
