package sshd

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"time"

	"resilab/tui/metrics"
)

const (
	// refusalWindow is how long equal refusals are counted before they are
	// logged again.
	refusalWindow = 10 * time.Second
	// maxRefusalLines is how many different refusals are logged and counted in
	// one window; the others are only counted together.
	maxRefusalLines = 100
)

// refusal is what was refused. Reason is one of this package's own words;
// what the client sent is in Detail.
type refusal struct {
	Remote string // address and port
	User   string
	Reason string
	Detail string
}

// refusalKey identifies refusals that are logged once a window.
type refusalKey struct{ reason, host string }

// refusalLog logs the first refusal of a reason and an address at once and
// counts the others, so that a client cannot fill the disk. It is safe for
// concurrent use.
type refusalLog struct {
	log     *slog.Logger
	metrics *metrics.Server

	mu     sync.Mutex
	counts map[refusalKey]int // since its line was written
	others int                // refusals that exceeded maxRefusalLines
}

func newRefusalLog(log *slog.Logger, m *metrics.Server) *refusalLog {
	return &refusalLog{log: log, metrics: m, counts: map[refusalKey]int{}}
}

func (l *refusalLog) add(r refusal) {
	l.metrics.Refused(r.Reason)
	key := refusalKey{r.Reason, host(r.Remote)}
	if !l.isFirst(key) {
		return
	}
	attrs := []any{"reason", r.Reason, "remote", r.Remote}
	if r.User != "" {
		attrs = append(attrs, "user", r.User)
	}
	if r.Detail != "" {
		attrs = append(attrs, "detail", r.Detail)
	}
	l.log.Warn("refused", attrs...)
}

// isFirst reports whether a refusal is the first of its kind in this window,
// and counts it otherwise.
func (l *refusalLog) isFirst(key refusalKey) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.counts[key]; known {
		l.counts[key]++
		return false
	}
	if len(l.counts) >= maxRefusalLines {
		l.others++
		return false
	}
	l.counts[key] = 0
	return true
}

// run flushes the counts once a window and when ctx ends.
func (l *refusalLog) run(ctx context.Context) {
	ticker := time.NewTicker(refusalWindow)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			l.flush()
		case <-ctx.Done():
			l.flush()
			return
		}
	}
}

// flush logs how often each refusal was repeated and begins a new window.
func (l *refusalLog) flush() {
	l.mu.Lock()
	counts, others := l.counts, l.others
	l.counts, l.others = map[refusalKey]int{}, 0
	l.mu.Unlock()
	for key, n := range counts {
		if n > 0 {
			l.log.Warn("refused again", "reason", key.reason, "remote", key.host, "count", n)
		}
	}
	if others > 0 {
		l.log.Warn("refused again", "reason", "various", "remote", "various", "count", others)
	}
}

// host is an address without its port.
func host(remote string) string {
	if host, _, err := net.SplitHostPort(remote); err == nil {
		return host
	}
	return remote
}
