package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// hostile measures clients with nothing beside them, and then beside each attack.
func (l load) hostile(ctx context.Context) (err error) {
	chosen, err := chooseAttacks(l.attacks)
	if err != nil {
		return err
	}
	most := 0
	for i, a := range chosen {
		if l.attackers > 0 {
			chosen[i].attackers = min(a.attackers, l.attackers)
		}
		most = max(most, chosen[i].attackers)
	}
	apart, flags := addresses(l.sessions)
	// The labs of those who have left are removed after a while.
	if l.server, err = startServer(ctx, l.sessions+3*most, flags...); err != nil {
		return err
	}
	l.addr = l.server.addr
	return errors.Join(l.attacked(ctx, chosen, apart), l.server.stop())
}

// chooseAttacks returns the attacks with the names, or whose names begin with one
// and a hyphen.
func chooseAttacks(names string) (chosen []attack, err error) {
	all := attacks()
	if names == "all" {
		return all, nil
	}
	for name := range strings.SplitSeq(names, ",") {
		before := len(chosen)
		for _, a := range all {
			if a.name == name || strings.HasPrefix(a.name, name+"-") {
				chosen = append(chosen, a)
			}
		}
		if len(chosen) == before {
			var allowed []string
			for _, a := range all {
				allowed = append(allowed, a.name)
			}
			return nil, fmt.Errorf("unknown attack %q; allowed: all, %s", name, strings.Join(allowed, ", "))
		}
	}
	return chosen, nil
}

// addresses reports whether attackers can have other addresses, and returns the
// flags of a server that exempts that of the measured clients alone. Where a machine
// has only one loopback address, the server exempts none.
func addresses(sessions int) (apart bool, flags []string) {
	listener, err := net.ListenTCP("tcp", ownAddress(0))
	if err != nil {
		fmt.Println("this machine has one loopback address: the attackers have that of the sessions")
		return false, []string{"--exempt", "", "--max-per-address", strconv.Itoa(sessions + 40)}
	}
	_ = listener.Close()
	return true, []string{"--exempt", "127.0.0.1"}
}

// attacked fails if a client is lost, or if the server has more goroutines or
// descriptors after all have left than before. The first visits, which start what
// is shared, count as before.
func (l load) attacked(ctx context.Context, chosen []attack, apart bool) error {
	if err := l.visits(ctx, max(l.sessions, len(ways))); err != nil {
		return err
	}
	before := l.quiet(ctx, usage{})
	err := l.together(ctx, func(clients []*client) error { return l.attackInTurn(ctx, clients, chosen, apart) })
	if err == nil {
		err = ctx.Err()
	}
	if err != nil || !before.known {
		return err
	}
	after := l.quiet(ctx, before)
	fmt.Printf("\nafter all left: %d goroutines (before: %d), %d descriptors (before: %d), %.1f MB (before: %.1f)\n",
		after.goroutines, before.goroutines, after.files, before.files, after.rss/1e6, before.rss/1e6)
	if !after.asFewAs(before) {
		return fmt.Errorf("something is left behind: %d goroutines instead of %d, %d descriptors instead of %d",
			after.goroutines, before.goroutines, after.files, before.files)
	}
	return l.server.checkLog()
}

// attackInTurn prints one row of a table for each attack.
func (l load) attackInTurn(ctx context.Context, clients []*client, chosen []attack, apart bool) error {
	fmt.Printf("%d sessions, %s beside each attack, on this machine; from a key to its frame:\n\n", l.sessions, l.duration)
	fmt.Printf("%-15s %8s %8s %8s %6s %5s %6s | %9s %11s %8s %9s %8s | %6s %7s\n", "beside", "p50", "p99", "longest", "p99 ×",
		"keys", "missed", "attackers", "connections", "MB sent", "requests", "refused", "CPU %", "MB")
	quiet, err := l.work(ctx, clients)
	if err != nil {
		return err
	}
	quiet.row("nothing", quiet, 0, tally{})
	for _, a := range chosen {
		f, t, err := l.beside(ctx, clients, a, apart)
		if err != nil {
			return fmt.Errorf("beside %s: %w", a.name, err)
		}
		f.row(a.name, quiet, a.attackers, t)
	}
	return nil
}

// row prints a row of the table.
func (f figures) row(name string, quiet figures, attackers int, t tally) {
	p99 := quantile(f.waits, 0.99)
	ratio := float64(p99) / float64(max(quantile(quiet.waits, 0.99), time.Millisecond))
	fmt.Printf("%-15s %8s %8s %8s %6.1f %5d %6d | %9d %11d %8.1f %9d %8d | %6.0f %7.1f\n", name, quantile(f.waits, 0.5), p99,
		quantile(f.waits, 1), ratio, len(f.waits), f.missed, attackers, t.Connections, float64(t.Bytes)/1e6,
		t.Requests, f.end.refusals-f.start.refusals, 100*f.cpu(), f.end.rss/1e6)
}

// beside measures the clients beside an attack, from when each attacker has done
// all that it does once. It returns when the sessions of the attackers have ended.
func (l load) beside(ctx context.Context, clients []*client, a attack, apart bool) (f figures, t tally, err error) {
	start := l.server.usage()
	p, err := startParty(ctx, order{Addr: l.addr, Attack: a.name, Attackers: a.attackers, Apart: apart}, l.lowest)
	if err != nil {
		return f, t, err
	}
	if err = p.awaitAll(ctx); err == nil {
		f, err = l.work(ctx, clients)
	}
	t, ended := p.end()
	if err != nil && t.Last != "" {
		err = fmt.Errorf("%w; the last of them that ended: %s", err, t.Last)
	}
	f.start.refusals = start.refusals
	return f, t, errors.Join(err, ended, l.alone(ctx))
}

// alone waits until the server has no sessions but the measured ones, and refuses
// nobody any more.
func (l load) alone(ctx context.Context) error {
	deadline := time.Now().Add(4 * patience)
	for last := -1; ; {
		now := l.server.usage()
		if now.sessions <= l.sessions && now.refusals == last {
			return nil
		}
		last = now.refusals
		if time.Now().After(deadline) {
			return errors.New("the server still has sessions of attackers that have left")
		}
		if !sleep(ctx, 4*keyPause) {
			return ctx.Err()
		}
	}
}

// checkLog returns an error if a control character of a client is in the log.
func (s *server) checkLog() error {
	log, err := os.ReadFile(s.log())
	if err != nil {
		return fmt.Errorf("reading the server's log: %w", err)
	}
	bad := func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }
	if at := bytes.IndexFunc(log, bad); at >= 0 {
		return fmt.Errorf("a control character in the server's log, %s: %q", s.log(), log[max(0, at-40):min(len(log), at+40)])
	}
	return nil
}
