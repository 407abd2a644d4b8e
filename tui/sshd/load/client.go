package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

const (
	// patience is how long a text may take to appear.
	patience = 30 * time.Second
	// keyInterval is the mean time between two keys of a client.
	keyInterval = 2 * time.Second
	// keyPause is the time between the first keys: keys at once are a paste.
	keyPause = 50 * time.Millisecond
	// helpTitle is on the screen that the measured key opens.
	helpTitle = "All keys"
)

// traffic is what a client has received.
type traffic struct{ bytes, chunks int }

// client is one SSH session with the labs. A client is used by one goroutine.
type client struct {
	conn     *gossh.Client
	session  *gossh.Session
	keys     io.Writer
	screen   screen
	measured traffic
	waits    []time.Duration
	missed   int
}

// newClient logs in, passes the start screen and opens every lab.
func newClient(ctx context.Context, addr string, number int) (*client, error) {
	conn, err := gossh.Dial("tcp", addr, &gossh.ClientConfig{User: fmt.Sprintf("load %d %s", number, time.Now().Format("150405.000")),
		Timeout: patience, HostKeyCallback: gossh.InsecureIgnoreHostKey()}) // a measurement, not a secret
	if err != nil {
		return nil, err
	}
	c := &client{conn: conn}
	if err := c.open(ctx, number); err != nil {
		c.leave()
		return nil, err
	}
	return c, nil
}

func (c *client) open(ctx context.Context, number int) (err error) {
	if c.session, err = c.conn.NewSession(); err != nil {
		return err
	}
	c.session.Stdout, c.session.Stderr = &c.screen, &c.screen
	if c.keys, err = c.session.StdinPipe(); err != nil {
		return err
	}
	_ = c.session.Setenv("LANG", "en_US.UTF-8") // helpTitle is English
	if err := c.session.RequestPty("xterm-256color", 40, 120, nil); err != nil {
		return err
	}
	if err := c.session.Shell(); err != nil {
		return err
	}
	steps := []struct{ wait, press string }{{"(enter", "\r"}, {"to begin", "\r"}, {"resilab", "1"}, {"", "2"}, {"", "3"}, {"", string("123"[number%3])}}
	for _, step := range steps {
		if step.wait != "" {
			if _, err := c.screen.await(ctx, step.wait); err != nil {
				return err
			}
		}
		time.Sleep(keyPause)
		if err := c.press(step.press); err != nil {
			return err
		}
	}
	return nil
}

func (c *client) press(key string) error {
	_, err := io.WriteString(c.keys, key)
	return err
}

// work opens and closes the help until ctx ends, and measures how long the help
// takes to appear.
func (c *client) work(ctx context.Context) {
	before := c.screen.received()
	defer func() {
		after := c.screen.received()
		c.measured = traffic{after.bytes - before.bytes, after.chunks - before.chunks}
	}()
	for sleep(ctx, time.Duration(rand.Int64N(int64(keyInterval)))) {
		c.screen.forget()
		began := time.Now()
		if c.press("?") != nil {
			return
		}
		arrived, err := c.screen.await(ctx, helpTitle)
		switch {
		case err == nil:
			c.waits = append(c.waits, arrived.Sub(began))
		case ctx.Err() == nil:
			c.missed++
		}
		if !sleep(ctx, keyInterval/2) || c.press("?") != nil {
			return
		}
	}
}

func (c *client) leave() { _ = c.conn.Close() }

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// screen is what a client has received lately. It is safe for concurrent use.
type screen struct {
	mu      sync.Mutex
	text    []byte
	total   traffic
	changed chan struct{}
}

// screenSize is how much of what was received is searched for a text.
const screenSize = 64 << 10

// Write implements io.Writer.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total.bytes += len(p)
	s.total.chunks++
	s.text = append(s.text, p...)
	if over := len(s.text) - screenSize; over > 0 {
		s.text = append(s.text[:0], s.text[over:]...)
	}
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
	return len(p), nil
}

func (s *screen) received() traffic {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

func (s *screen) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = s.text[:0]
}

// await returns when a text has been received.
func (s *screen) await(ctx context.Context, text string) (time.Time, error) {
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		s.mu.Lock()
		found := bytes.Contains(s.text, []byte(text))
		if s.changed == nil {
			s.changed = make(chan struct{})
		}
		changed := s.changed
		s.mu.Unlock()
		if found {
			return time.Now(), nil
		}
		select {
		case <-changed:
		case <-timeout.C:
			return time.Time{}, fmt.Errorf("%q is not on the screen after %s", text, patience)
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
	}
}
