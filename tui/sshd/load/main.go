// Command load drives the SSH server with real clients and prints what a session
// costs the server and how long a key takes until its frame has arrived:
//
//	go run ./tui/sshd/load --sessions 100 --for 60s
//	go run ./tui/sshd/load --sessions 10 --cycles 2000
//	go run ./tui/sshd/load --watchers 300 --for 60s
//	go run ./tui/sshd/load --hostile all --sessions 10 --for 20s
//
// With --cycles clients come and leave instead, in three ways, and the server must
// be as before. With --watchers one client presents, and the others watch. With
// --hostile the clients are measured with nothing beside them and then beside each
// attack: all, or names such as keys,resize,loudest. The attackers are a process of
// the lowest priority, because their computers are not the server's. It fails if a client or the
// server is lost, or if the server is not as before; it does not judge the times.
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
	"runtime/pprof"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"resilab/labs"
	"resilab/tui/cli"
	"resilab/tui/panes"
)

// beServer in the environment makes the program the server that it measures;
// profileTo names a file for its CPU profile.
const beServer, profileTo = "RESILAB_LOAD_SERVER", "RESILAB_LOAD_PROFILE"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if status, is := child(ctx); is {
		os.Exit(status)
	}
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// child runs what this program is where it has started itself.
func child(ctx context.Context) (status int, is bool) {
	if told := os.Getenv(beAttackers); told != "" {
		return attackFor(ctx, told), true
	}
	if os.Getenv(beServer) != "" {
		return serve(ctx), true
	}
	return 0, false
}

// serve is the server that is measured, until SIGTERM. It returns the exit status.
func serve(ctx context.Context) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	stopProfile, err := startProfile(os.Getenv(profileTo))
	if err != nil {
		fmt.Fprintln(os.Stderr, "load: writing the profile:", err)
		return 1
	}
	defer stopProfile()
	return cli.Main(ctx, cli.World{Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Getenv: os.Getenv, Labs: labs.All(), Panes: panes.All()})
}

// startProfile writes a CPU profile to a file until stop is called. Without a file
// nothing is written.
func startProfile(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		_ = file.Close()
	}, nil
}

// load is one measurement.
type load struct {
	addr     string
	sessions int
	duration time.Duration
	ramp     time.Duration // between two arrivals
	cycles   int           // visits instead of a measurement; 0: none
	watchers int           // of one who presents, instead; 0: none
	server   *server

	attacks   string // beside which to measure, separated by commas; empty: none
	attackers int    // of each attack at most; 0: as many as it has
	lowest    bool   // attackers have the lowest priority
}

func run(ctx context.Context) error {
	l := load{lowest: true}
	flag.StringVar(&l.addr, "addr", "", "address of a running server; empty: one is started")
	flag.IntVar(&l.sessions, "sessions", 30, "clients at once")
	flag.DurationVar(&l.duration, "for", time.Minute, "how long to measure")
	flag.DurationVar(&l.ramp, "ramp", 100*time.Millisecond, "time between two arrivals")
	flag.IntVar(&l.cycles, "cycles", 0, "visits that come and leave, --sessions at once, instead of a measurement")
	flag.IntVar(&l.watchers, "watchers", 0, "clients that watch one who presents, instead of a measurement")
	flag.StringVar(&l.attacks, "hostile", "", "measure beside attacks on the started server: all, or names separated by commas")
	flag.IntVar(&l.attackers, "attackers", 0, "attackers of each attack at most; 0: as many as it has")
	profile := flag.String("profile", "", "file for a CPU profile of the server that is started")
	flag.Parse()
	started := l.watchers > 0 || l.attacks != ""
	if flag.NArg() > 0 || l.sessions < 1 || l.duration <= 0 || l.cycles < 0 || l.watchers < 0 || l.attackers < 0 || started && l.addr != "" {
		return errors.New("usage: load [--addr HOST:PORT] [--sessions N] [--for 60s] [--cycles N], load --watchers N [--for 60s], " +
			"or load --hostile all|NAME,… [--attackers N] [--sessions N] [--for 20s]")
	}
	if err := os.Setenv(profileTo, *profile); err != nil { // the server has our environment
		return err
	}
	if l.attacks != "" {
		return l.hostile(ctx)
	}
	if l.watchers > 0 {
		return l.present(ctx)
	}
	if l.addr == "" {
		var err error
		if l.server, err = startServer(ctx, l.places()); err != nil {
			return err
		}
		l.addr = l.server.addr
	}
	if l.cycles > 0 {
		return errors.Join(l.comeAndLeave(ctx), l.server.stop())
	}
	return errors.Join(l.measure(ctx), l.server.stop())
}

// measure lets the clients arrive, measures them together and lets them leave.
func (l load) measure(ctx context.Context) error {
	before := l.server.usage()
	err := l.together(ctx, func(clients []*client) error {
		f, err := l.work(ctx, clients)
		l.print(f, before)
		return err
	})
	return errors.Join(err, l.printAfter(ctx, before))
}

// together lets the clients arrive, has something done with them, and lets them leave.
func (l load) together(ctx context.Context, do func([]*client) error) error {
	clients, err := l.arrive(ctx)
	defer func() {
		for _, c := range clients {
			c.leave()
		}
	}()
	if err != nil {
		return err
	}
	return do(clients)
}

// figures are those of some clients that have worked at the same time.
type figures struct {
	clients    int
	took       time.Duration
	waits      []time.Duration // sorted
	missed     int
	measured   traffic
	start, end usage
}

// work lets all clients work and returns an error if a session was lost.
func (l load) work(ctx context.Context, clients []*client) (figures, error) {
	began, f := time.Now(), figures{clients: len(clients), start: l.server.usage()}
	var working errgroup.Group
	for i, c := range clients {
		working.Go(func() error {
			if err := c.work(ctx, l.duration); err != nil {
				return fmt.Errorf("client %d: %w", i+1, err)
			}
			return nil
		})
	}
	err := working.Wait()
	f.took, f.end = time.Since(began), l.server.usage()
	for _, c := range clients {
		f.waits = append(f.waits, c.waits...)
		f.missed += c.missed
		f.measured.bytes += c.measured.bytes
		f.measured.chunks += c.measured.chunks
	}
	slices.Sort(f.waits)
	return f, err
}

// cpu returns the server's processor time as a part of one core.
func (f figures) cpu() float64 { return (f.end.cpu - f.start.cpu).Seconds() / f.took.Seconds() }

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

func (l load) print(f figures, before usage) {
	n, seconds := float64(f.clients), f.took.Seconds()
	bytes, chunks := float64(f.measured.bytes), float64(f.measured.chunks)
	fmt.Printf("%d sessions, %.0f s, clients included on this machine\n", f.clients, seconds)
	fmt.Printf("key to frame:       p50 %s, p99 %s, longest %s (%d keys, %d without a frame in %s)\n",
		quantile(f.waits, 0.5), quantile(f.waits, 0.99), quantile(f.waits, 1), len(f.waits), f.missed, patience)
	fmt.Printf("sent:               %.1f KB/s and %.1f packets/s a session\n", bytes/1000/n/seconds, chunks/n/seconds)
	if !f.end.known {
		return
	}
	fmt.Printf("server's processor: %.0f %% of one core, %.2f ms a packet\n", 100*f.cpu(), 1000*seconds*f.cpu()/chunks)
	fmt.Printf("server's memory:    %.1f MB, %.2f MB a session; %d descriptors\n",
		f.end.rss/1e6, (f.end.rss-before.rss)/1e6/n, f.end.files)
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
	fmt.Printf("after all left:     %.1f MB (before: %.1f), %d descriptors (before: %d), %d goroutines (before: %d)\n",
		after.rss/1e6, before.rss/1e6, after.files, before.files, after.goroutines, before.goroutines)
	return nil
}

// quantile returns a quantile of sorted durations, rounded to milliseconds.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))].Round(time.Millisecond)
}
