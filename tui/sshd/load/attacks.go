package main

import (
	"context"
	crand "crypto/rand"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// attack is one way to do harm.
type attack struct {
	name      string
	attackers int // at once
	addresses int // that they come from
	// run attacks until ctx ends or the server ends the connection, and is called
	// again then.
	run func(ctx context.Context, a *attacker) error
}

// attacks are all of them. Each attacker has one address, which is not exempt from
// the server's limits, unless it attacks those limits.
func attacks() []attack {
	return []attack{
		{"half", 160, 4, halfHandshake},
		{"connections", 8, 250, comeAndGo},
		{"random", 4, 4, randomBytes},
		{"sizes", 4, 4, extremeSizes},
		{"resize", 4, 4, resizeFlood},
		{"keys", 4, 4, keyFlood},
		{"environment", 4, 4, environmentFlood},
		{"global", 4, 4, globalFlood},
		{"channels", 4, 4, channelFlood},
		{"paste", 4, 4, pasteFlood},
		{"stall", 4, 4, stalledReader},
		{"killed", 4, 4, killedInMidFrame},
		{"names", 4, 4, controlCharacters},
		{"loudest-retry", 20, 20, loudest("1", "retries=100", "base=0s", "failure-rate=100%", "clients=50000", "rate=500", "layers=5")},
		{"loudest-convoy", 20, 20, loudest("2", "work=0s", "users=500", "lanes=12", "burst=100", "failure-rate=50%", "rate=20000")},
		{"loudest-cache", 20, 20, loudest("3", "products=100000", "write-rate=1000", "bot-rate=5000", "ttl=100ms", "rate=50000")},
	}
}

// halfHandshake says nothing, or who it is, and waits until it is cut.
func halfHandshake(ctx context.Context, a *attacker) error {
	tcp, err := a.dial(ctx)
	if err != nil {
		return err
	}
	defer tcp.Close()
	if a.number%2 == 0 {
		if _, err := io.WriteString(tcp, "SSH-2.0-half\r\n"); err != nil {
			return err
		}
	}
	a.acted()
	_, err = io.Copy(io.Discard, tcp)
	return err
}

// comeAndGo connects and leaves at once, from all addresses in turn.
func comeAndGo(ctx context.Context, a *attacker) error {
	a.number++
	tcp, err := a.dial(ctx)
	if err != nil {
		return err
	}
	a.acted()
	return tcp.Close()
}

// randomBytes sends noise instead of a handshake, as keys, and instead of packets.
func randomBytes(ctx context.Context, a *attacker) error {
	noise := make([]byte, 4096)
	_, _ = crand.Read(noise) // it never fails
	tcp, err := a.dial(ctx)
	if err != nil {
		return err
	}
	_, _ = tcp.Write(noise)
	_ = tcp.Close()
	c, err := a.visit(ctx)
	if err != nil {
		return err
	}
	defer c.leave()
	if err := c.press(strings.ReplaceAll(string(noise), "\x03", "")); err != nil {
		return err
	}
	if _, err := c.tcp.Write(noise); err != nil {
		return err
	}
	a.acted()
	return c.conn.Wait()
}

// extremeSizes opens windows without a size and of the largest, and resizes them so.
func extremeSizes(ctx context.Context, a *attacker) error {
	sizes := []window{{}, {math.MaxUint32, math.MaxUint32}, {0, math.MaxUint32}, {math.MaxUint32, 0}, {1, 1}}
	for _, w := range sizes[:2] {
		c, err := a.logIn(ctx, a.newName())
		if err != nil {
			return err
		}
		defer c.leave()
		if err := c.openIn(ctx, w, "1"); err != nil {
			return err
		}
		for i := range 100 {
			if err := a.resize(c, sizes[i%len(sizes)]); err != nil {
				return err
			}
		}
		c.leave()
	}
	a.acted()
	return nil
}

func resizeFlood(ctx context.Context, a *attacker) error {
	return a.flood(ctx, func(c *client) error {
		return a.resize(c, window{1 + rand.Uint32N(500), 1 + rand.Uint32N(200)})
	})
}

// keyFlood holds the keys that change a setting and choose another one.
func keyFlood(ctx context.Context, a *attacker) error {
	keys := strings.Repeat("\x1b[C\x1b[B\x1b[D\t\x1b[A", 256)
	return a.flood(ctx, func(c *client) error { return c.press(keys) })
}

// flood does something in the labs without end.
func (a *attacker) flood(ctx context.Context, do func(*client) error) error {
	c, err := a.visit(ctx)
	if err != nil {
		return err
	}
	defer c.leave()
	for i := 0; ; i++ {
		if err := do(c); err != nil {
			return err
		}
		if i == 100 {
			a.acted()
		}
	}
}

// loggedIn does something without end on a connection without a session.
func (a *attacker) loggedIn(ctx context.Context, do func(c *client, i int) error) error {
	c, err := a.logIn(ctx, a.attack)
	if err != nil {
		return err
	}
	defer c.leave()
	for i := 0; ; i++ {
		if err := do(c, i); err != nil {
			return err
		}
	}
}

// environmentFlood sends variables without end, before there is a program.
func environmentFlood(ctx context.Context, a *attacker) error {
	values := []string{hostileText, strings.Repeat("x", 30_000), "en_US.UTF-8"}
	var session *gossh.Session
	return a.loggedIn(ctx, func(c *client, i int) (err error) {
		if session == nil {
			if session, err = c.conn.NewSession(); err != nil {
				return err
			}
		}
		if i == 300 {
			a.acted()
		}
		variable := gossh.Marshal(struct{ Name, Value string }{[]string{"LANG", "LC_" + hostileText, "PATH"}[i%3], values[i/3%len(values)]})
		return a.request(session.SendRequest("env", i%100 == 0, variable))
	})
}

// globalFlood sends requests that mean nothing here, and then some that are counted
// until the server cuts the connection.
func globalFlood(ctx context.Context, a *attacker) error {
	return a.loggedIn(ctx, func(c *client, i int) error {
		kind := []string{"keepalive@openssh.com", hostileText}[i%2]
		if i >= 10_000 {
			kind = "tcpip-forward"
		}
		ok, _, err := c.conn.SendRequest(kind, i%100 == 0, []byte(hostileText))
		if err != nil {
			a.acted()
		}
		return a.request(ok, err)
	})
}

// channelFlood opens channels of all kinds until the server cuts the connection.
func channelFlood(ctx context.Context, a *attacker) error {
	kinds := []string{"session", "direct-tcpip", "x11", "auth-agent@openssh.com", "forwarded-tcpip", hostileText}
	return a.loggedIn(ctx, func(c *client, i int) error {
		channel, requests, err := c.conn.OpenChannel(kinds[i%len(kinds)], []byte(hostileText))
		a.tally.requests.Add(1)
		if _, refused := errors.AsType[*gossh.OpenChannelError](err); refused {
			return nil
		}
		if err != nil {
			a.acted()
			return err
		}
		go gossh.DiscardRequests(requests) // ends with the connection
		if i%12 == 0 {
			_ = channel.Close()
		}
		return nil
	})
}

// pasteFlood pastes a megabyte into a field, with marks and without.
func pasteFlood(ctx context.Context, a *attacker) error {
	c, err := a.visit(ctx)
	if err != nil {
		return err
	}
	defer c.leave()
	text := strings.Repeat("q1\r?: ñ", 1<<20/8)
	for {
		for _, paste := range []string{"\x1b[200~" + text + "\x1b[201~", text} {
			if err := c.press(":" + paste + "\x1b"); err != nil {
				return err
			}
		}
		a.acted()
	}
}

// stalledReader reads nothing more while the labs draw a large window.
func stalledReader(ctx context.Context, a *attacker) error {
	c, err := a.visit(ctx)
	if err != nil {
		return err
	}
	defer c.leave()
	a.stalled.Store(true)
	defer a.stalled.Store(false)
	for i := uint32(0); ; i++ {
		if err := a.resize(c, window{500 - i%2, 200 - i%2}); err != nil {
			return err
		}
		if i == 10 {
			a.acted()
		}
		if !sleep(ctx, 100*time.Millisecond) {
			return nil
		}
	}
}

// killedInMidFrame resets the connection while the labs draw.
func killedInMidFrame(ctx context.Context, a *attacker) error {
	c, err := a.visit(ctx)
	if err != nil {
		return err
	}
	defer c.leave()
	if err := c.tcp.SetLinger(0); err != nil {
		return err
	}
	a.acted()
	return c.tcp.Close()
}

// hostileText would set a title, clear the screen and forge a line of a log.
const hostileText = "\x1b]0;owned\a\x1b[2J\r\n\x00\u202elevel=ERROR msg=forged"

// controlCharacters enters with a name full of them.
func controlCharacters(ctx context.Context, a *attacker) error {
	c, err := a.logIn(ctx, a.newName()+hostileText)
	if err != nil {
		return err
	}
	defer c.leave()
	if err := c.openIn(ctx, usual(), "1"); err != nil {
		return err
	}
	a.acted()
	return nil
}

// loudest sets a lab to more than guests get, and then changes the last setting again
// and again: each change begins a new run.
func loudest(tab string, settings ...string) func(context.Context, *attacker) error {
	const limited = "Limit here" // in the status row of a guest who asks for too much
	return func(ctx context.Context, a *attacker) error {
		c, err := a.visit(ctx)
		if err != nil {
			return err
		}
		defer c.leave()
		if err := c.press(tab); err != nil {
			return err
		}
		for _, setting := range settings {
			knob, value, _ := strings.Cut(setting, "=")
			// The palette finds the knob and chooses it.
			if err := c.press(":" + pasted(knob) + "\r\r" + pasted(value) + "\r"); err != nil {
				return err
			}
			sleep(ctx, keyPause)
		}
		if _, err := c.screen.await(ctx, limited); err != nil {
			return err
		}
		a.acted()
		for i := 0; sleep(ctx, keyInterval); i++ {
			if err := c.press([]string{"\x1b[D", "\x1b[C"}[i%2]); err != nil { // down a step, up a step
				return err
			}
		}
		return nil
	}
}

// pasted marks text as pasted.
func pasted(text string) string { return "\x1b[200~" + text + "\x1b[201~" }
