package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// beAttackers in the environment makes the program the attackers of an order, in JSON.
const beAttackers = "RESILAB_LOAD_ATTACK"

// order is what attackers are told.
type order struct {
	Addr      string // of the server
	Attack    string
	Attackers int
	Apart     bool // each has its own address
}

// tally is what the attackers have done. Last is why the newest attack has ended;
// empty: none has.
type tally struct {
	Connections, Bytes, Requests int64
	Last                         string
}

// party is the attackers of one attack, a separate process.
type party struct {
	cmd   *exec.Cmd
	stdin io.Closer // ends the attack
	says  *json.Decoder
}

// startParty starts attackers. With the lowest priority they have what the server and
// its visitors leave of the machine: other people's computers take no time from it.
func startParty(ctx context.Context, o order, lowest bool) (*party, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("starting the attackers: %w", err)
	}
	told, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("starting the attackers: %w", err)
	}
	cmd := exec.CommandContext(ctx, self)
	if nice, err := exec.LookPath("nice"); err == nil && lowest {
		cmd = exec.CommandContext(ctx, nice, "-n", "19", self)
	}
	cmd.Env, cmd.Stderr, cmd.WaitDelay = append(os.Environ(), beAttackers+"="+string(told)), os.Stderr, patience
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the attackers: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the attackers: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the attackers: %w", err)
	}
	return &party{cmd, stdin, json.NewDecoder(stdout)}, nil
}

// awaitAll returns when each attacker has done all that it does.
func (p *party) awaitAll(ctx context.Context) error {
	said := make(chan error, 1)
	go func() { // ends with the process at the latest
		var all bool
		said <- p.says.Decode(&all)
	}()
	select {
	case err := <-said:
		if err != nil {
			return fmt.Errorf("listening to the attackers: %w", err)
		}
		return nil
	case <-time.After(4 * patience):
		_ = p.stdin.Close() // it says that it was not all
		return errors.Join(errors.New("not every attacker has done what it does"), <-said)
	case <-ctx.Done():
		_ = p.stdin.Close()
		return errors.Join(ctx.Err(), <-said)
	}
}

// end stops the attackers and returns what they have done.
func (p *party) end() (t tally, err error) {
	_ = p.stdin.Close()
	err = p.says.Decode(&t)
	if ended := p.cmd.Wait(); ended != nil || err != nil {
		return t, fmt.Errorf("ending the attackers: %w", errors.Join(err, ended))
	}
	return t, nil
}

// attackFor does what an order says until standard input ends. It writes true when
// each attacker has done all that it does, or false if it ends before, and then the
// tally. It returns the exit status.
func attackFor(ctx context.Context, told string) int {
	var o order
	err := json.Unmarshal([]byte(told), &o)
	if err == nil {
		err = o.attack(ctx, os.Stdin, json.NewEncoder(os.Stdout))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "load: attacking:", err)
		return 1
	}
	return 0
}

func (o order) attack(ctx context.Context, in io.Reader, out *json.Encoder) error {
	chosen, err := chooseAttacks(o.Attack)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() { // ends with the process
		_, _ = io.Copy(io.Discard, in)
		stop()
	}()
	done, acted := &counts{}, make(chan struct{}, o.Attackers)
	var attackers sync.WaitGroup
	for i := range o.Attackers {
		one := &attacker{addr: o.Addr, number: i, attack: o.Attack, tally: done, acted: sync.OnceFunc(func() { acted <- struct{}{} })}
		if o.Apart {
			one.apart = chosen[0].addresses
		}
		attackers.Go(func() { one.goOn(ctx, chosen[0].run) })
	}
	err = out.Encode(all(ctx, acted, o.Attackers))
	<-ctx.Done()
	attackers.Wait()
	return errors.Join(err, out.Encode(done.tally()))
}

// all reports whether so many have acted before ctx ended.
func all(ctx context.Context, acted <-chan struct{}, attackers int) bool {
	for range attackers {
		select {
		case <-acted:
		case <-ctx.Done():
			return false
		}
	}
	return true
}
