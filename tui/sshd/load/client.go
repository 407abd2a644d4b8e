package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
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
	// tabOfFirstLab is on the screen of the labs only: the start screen, which also
	// says resilab, drops what is typed for them.
	tabOfFirstLab = "1 Retry"
)

// traffic is what a client has received.
type traffic struct{ bytes, chunks int }

// client is one SSH session with the labs. A client is used by one goroutine.
type client struct {
	tcp      *net.TCPConn
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
	c, err := connect(ctx, addr, fmt.Sprintf("load %d %s", number, time.Now().Format("150405.000000")))
	if err != nil {
		return nil, err
	}
	if err := c.open(ctx, number); err != nil {
		c.leave()
		return nil, err
	}
	return c, nil
}

// connect dials and logs in.
func connect(ctx context.Context, addr, user string, auth ...gossh.AuthMethod) (*client, error) {
	dialer := net.Dialer{Timeout: patience}
	tcp, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return logIn(tcp.(*net.TCPConn), tcp, user, auth...)
}

// logIn logs in over a connection that uses tcp. After an error it is closed.
func logIn(tcp *net.TCPConn, over net.Conn, user string, auth ...gossh.AuthMethod) (*client, error) {
	conn, channels, requests, err := gossh.NewClientConn(over, tcp.RemoteAddr().String(), &gossh.ClientConfig{User: user, Auth: auth,
		Timeout: patience, HostKeyCallback: gossh.InsecureIgnoreHostKey()}) // a measurement, not a secret
	if err != nil {
		_ = over.Close()
		return nil, err
	}
	return &client{tcp: tcp, conn: gossh.NewClient(conn, channels, requests)}, nil
}

// window is the size of a client's window.
type window struct{ columns, rows uint32 }

// usual is the window of the clients that are measured.
func usual() window { return window{120, 40} }

// terminal asks for a terminal.
func (c *client) terminal(w window) (err error) {
	if c.session, err = c.conn.NewSession(); err != nil {
		return err
	}
	c.session.Stdout, c.session.Stderr = &c.screen, &c.screen
	if c.keys, err = c.session.StdinPipe(); err != nil {
		return err
	}
	_ = c.session.Setenv("LANG", "en_US.UTF-8") // helpTitle is English
	return c.session.RequestPty("xterm-256color", int(w.rows), int(w.columns), nil)
}

// step is a text to wait for and a key to press then.
type step struct{ wait, press string }

// open passes the start screen and opens every lab, the one of the number last.
func (c *client) open(ctx context.Context, number int) error {
	return c.openIn(ctx, usual(), "1", "2", "3", string("123"[number%3]))
}

// openIn passes the start screen with a window and presses keys in the labs.
func (c *client) openIn(ctx context.Context, w window, keys ...string) error {
	if err := c.terminal(w); err != nil {
		return err
	}
	if err := c.session.Shell(); err != nil {
		return err
	}
	steps := []step{{"(enter", "\r"}, {"to begin", "\r"}, {tabOfFirstLab, keys[0]}}
	for _, key := range keys[1:] {
		steps = append(steps, step{"", key})
	}
	return c.play(ctx, steps)
}

// play presses keys after what they wait for.
func (c *client) play(ctx context.Context, steps []step) error {
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

// work opens and closes the help for some time, once at least, and measures how
// long the help takes to appear. It returns an error if the session is lost.
func (c *client) work(ctx context.Context, lasts time.Duration) error {
	c.waits, c.missed = nil, 0
	before := c.screen.received()
	defer func() {
		after := c.screen.received()
		c.measured = traffic{after.bytes - before.bytes, after.chunks - before.chunks}
	}()
	interval := min(keyInterval, lasts)
	for end := time.Now().Add(lasts); ; {
		// Closed and opened again in one frame, the help would not be drawn.
		sleep(ctx, interval/8+time.Duration(rand.Int64N(int64(interval))))
		c.screen.forget()
		began := time.Now()
		if err := c.press("?"); err != nil {
			return fmt.Errorf("the session is lost: %w", err)
		}
		arrived, err := c.screen.await(ctx, helpTitle)
		switch {
		case err == nil:
			c.waits = append(c.waits, arrived.Sub(began))
		case ctx.Err() == nil:
			c.missed++
		}
		sleep(ctx, interval/2)
		if err := c.press("?"); err != nil {
			return fmt.Errorf("the session is lost: %w", err)
		}
		if ctx.Err() != nil || !time.Now().Before(end) {
			return ctx.Err()
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

// screenSize is how much of what was received is searched for a text, at least: more
// than a frame of the largest window.
const screenSize = 256 << 10

// Write implements io.Writer.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total.bytes += len(p)
	s.total.chunks++
	s.text = append(s.text, p...)
	if len(s.text) > 2*screenSize {
		s.text = append(s.text[:0], s.text[len(s.text)-screenSize:]...)
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
