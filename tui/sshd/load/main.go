// Command load drives the SSH server with real clients and prints what a session
// costs the server and how long a key takes until its frame has arrived:
//
//	go run ./tui/sshd/load --sessions 100 --for 60s
//
// It starts a server, or uses the one at --addr. Every client opens all labs at
// 120x40 and presses a key every two seconds. The server's figures are read from
// /proc and are missing on other systems.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"resilab/labs"
	"resilab/tui/cli"
	"resilab/tui/panes"
)

// beServer in the environment makes the program the server that it measures.
const beServer = "RESILAB_LOAD_SERVER"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if os.Getenv(beServer) != "" {
		os.Exit(cli.Main(ctx, cli.World{Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
			Getenv: os.Getenv, Labs: labs.All(), Panes: panes.All()}))
	}
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// load is one measurement.
type load struct {
	addr     string
	sessions int
	duration time.Duration
	ramp     time.Duration // between two arrivals
	server   *server
}

func run(ctx context.Context) error {
	l := load{}
	flag.StringVar(&l.addr, "addr", "", "address of a running server; empty: one is started")
	flag.IntVar(&l.sessions, "sessions", 30, "clients at once")
	flag.DurationVar(&l.duration, "for", time.Minute, "how long to measure")
	flag.DurationVar(&l.ramp, "ramp", 100*time.Millisecond, "time between two arrivals")
	flag.Parse()
	if flag.NArg() > 0 || l.sessions < 1 || l.duration <= 0 {
		return errors.New("usage: load [--addr HOST:PORT] [--sessions N] [--for 60s]")
	}
	if l.addr == "" {
		var err error
		if l.server, err = startServer(ctx, l.sessions); err != nil {
			return err
		}
		l.addr = l.server.addr
	}
	return errors.Join(l.measure(ctx), l.server.stop())
}

// measure lets the clients arrive, measures them together and lets them leave.
func (l load) measure(ctx context.Context) error {
	before := l.server.usage()
	clients, err := l.arrive(ctx)
	defer func() {
		for _, c := range clients {
			c.leave()
		}
	}()
	if err != nil {
		return err
	}
	began, start := time.Now(), l.server.usage()
	work, stop := context.WithTimeout(ctx, l.duration)
	defer stop()
	var wg sync.WaitGroup
	for _, c := range clients {
		wg.Go(func() { c.work(work) })
	}
	wg.Wait()
	took, end := time.Since(began), l.server.usage()
	l.print(clients, took, before, start, end)
	for _, c := range clients {
		c.leave()
	}
	return l.printAfter(ctx, before)
}

func (l load) arrive(ctx context.Context) (clients []*client, err error) {
	for i := range l.sessions {
		c, err := newClient(ctx, l.addr, i)
		if err != nil {
			return clients, fmt.Errorf("client %d: %w", i+1, err)
		}
		clients = append(clients, c)
		select {
		case <-time.After(l.ramp):
		case <-ctx.Done():
			return clients, ctx.Err()
		}
	}
	return clients, nil
}

func (l load) print(clients []*client, took time.Duration, before, start, end usage) {
	var waits []time.Duration
	var bytes, chunks, missed float64
	for _, c := range clients {
		waits = append(waits, c.waits...)
		bytes += float64(c.measured.bytes)
		chunks += float64(c.measured.chunks)
		missed += float64(c.missed)
	}
	slices.Sort(waits)
	n, seconds := float64(len(clients)), took.Seconds()
	fmt.Printf("%d sessions, %.0f s, clients included on this machine\n", len(clients), seconds)
	fmt.Printf("key to frame:       p50 %s, p99 %s, longest %s (%d keys, %.0f without a frame in %s)\n",
		quantile(waits, 0.5), quantile(waits, 0.99), quantile(waits, 1), len(waits), missed, patience)
	fmt.Printf("sent:               %.1f KB/s and %.1f packets/s a session\n", bytes/1000/n/seconds, chunks/n/seconds)
	if !end.known {
		return
	}
	cpu := (end.cpu - start.cpu).Seconds()
	fmt.Printf("server's processor: %.0f %% of one core, %.2f ms a packet\n", 100*cpu/seconds, 1000*cpu/chunks)
	fmt.Printf("server's memory:    %.1f MB, %.2f MB a session; %d descriptors\n",
		end.rss/1e6, (end.rss-before.rss)/1e6/n, end.files)
}

// printAfter waits until the server has as many descriptors as before.
func (l load) printAfter(ctx context.Context, before usage) error {
	if !before.known {
		return nil
	}
	deadline := time.Now().Add(patience)
	after := l.server.usage()
	for after.files > before.files && time.Now().Before(deadline) && ctx.Err() == nil {
		time.Sleep(100 * time.Millisecond)
		after = l.server.usage()
	}
	fmt.Printf("after all left:     %.1f MB (before: %.1f), %d descriptors (before: %d)\n",
		after.rss/1e6, before.rss/1e6, after.files, before.files)
	return nil
}

// quantile returns a quantile of sorted durations, rounded to milliseconds.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))].Round(time.Millisecond)
}
