package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	gossh "golang.org/x/crypto/ssh"
)

// present measures what one client costs that presents: alone, and then with all
// watchers.
func (l load) present(ctx context.Context) error {
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	teacher, err := gossh.NewSignerFromKey(private)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "resilab-load-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	keys := filepath.Join(dir, "admins")
	if err := os.WriteFile(keys, gossh.MarshalAuthorizedKey(teacher.PublicKey()), 0o600); err != nil {
		return err
	}
	if l.server, err = startServer(ctx, 1, "--admin-keys", keys, "--max-per-address", "2000"); err != nil {
		return err
	}
	l.addr = l.server.addr
	return errors.Join(l.watched(ctx, teacher), l.server.stop())
}

func (l load) watched(ctx context.Context, teacher gossh.Signer) error {
	presenter, err := connect(ctx, l.addr, "teacher", gossh.PublicKeys(teacher))
	if err != nil {
		return fmt.Errorf("the presenter: %w", err)
	}
	defer presenter.leave()
	if err := errors.Join(presenter.terminal(usual()), presenter.session.Shell()); err != nil {
		return fmt.Errorf("the presenter: %w", err)
	}
	if err := presenter.play(ctx, []step{{"resilab", "P"}, {"Presenting", "1"}}); err != nil {
		return fmt.Errorf("the presenter: %w", err)
	}
	alone := l.costs(ctx)
	watchers := make([]*client, 0, l.watchers)
	defer func() {
		for _, w := range watchers {
			w.leave()
		}
	}()
	for i := range l.watchers {
		w, err := connect(ctx, l.addr, fmt.Sprintf("watcher %d", i), gossh.KeyboardInteractive(noAnswers))
		if err == nil {
			watchers = append(watchers, w)
			if err = w.terminal(usual()); err == nil {
				err = w.session.Start("watch")
			}
		}
		if err == nil {
			_, err = w.screen.await(ctx, "resilab")
		}
		if err != nil {
			return fmt.Errorf("watcher %d: %w", i+1, err)
		}
	}
	var before, after traffic
	for _, w := range watchers {
		before.bytes += w.screen.received().bytes
	}
	together := l.costs(ctx)
	for _, w := range watchers {
		after.bytes += w.screen.received().bytes
	}
	seconds := l.duration.Seconds()
	fmt.Printf("alone:       %.1f %% of one core, %.1f MB\n", 100*alone.cpu.Seconds()/seconds, alone.rss/1e6)
	fmt.Printf("%d watch: %.1f %% of one core, %.1f MB, %.1f KB/s for each who watches, %d goroutines, %d descriptors\n", len(watchers),
		100*together.cpu.Seconds()/seconds, together.rss/1e6, float64(after.bytes-before.bytes)/1000/seconds/float64(len(watchers)), together.goroutines, together.files)
	return nil
}

// costs returns what the server uses in the time of a measurement.
func (l load) costs(ctx context.Context) usage {
	start := l.server.usage()
	sleep(ctx, l.duration)
	end := l.server.usage()
	end.cpu -= start.cpu
	return end
}

// noAnswers logs in to an open server that asks nothing. It asks for keys first, to
// know its teachers.
func noAnswers(_, _ string, questions []string, _ []bool) ([]string, error) {
	return make([]string, len(questions)), nil
}
