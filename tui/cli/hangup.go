package cli

import (
	"context"
	"log/slog"

	"resilab/tui/sshd"
)

// untilHangup returns a context that also ends with SIGHUP. The caller must
// call stop.
func untilHangup(ctx context.Context, w World) (hangup context.Context, stop func()) {
	hangup, cancel := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		select {
		case <-w.Hangup:
			cancel()
		case <-hangup.Done():
		}
	}()
	return hangup, func() {
		cancel()
		<-over
	}
}

// reloadOnHangup reads the files of keys again at each SIGHUP, until ctx ends.
func reloadOnHangup(ctx context.Context, w World, log *slog.Logger, keyrings ...*sshd.Keyring) {
	for {
		select {
		case <-w.Hangup:
		case <-ctx.Done():
			return
		}
		for _, k := range keyrings {
			if k == nil {
				continue
			}
			refused, err := k.Reload(ctx)
			if err != nil {
				log.Error("keys not reloaded", "error", err)
				continue
			}
			log.Info("keys reloaded", "file", k.Path(), "keys", k.Len())
			warnRefused(log, refused)
		}
	}
}

// warnRefused logs the lines of a file of keys that were refused.
func warnRefused(log *slog.Logger, refused []*sshd.LineError) {
	for _, e := range refused {
		log.Warn("key refused", "file", e.Path, "line", e.Line, "reason", e.Reason)
	}
}
