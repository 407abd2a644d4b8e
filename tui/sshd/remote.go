package sshd

import (
	"context"
	"encoding/json"
	"time"

	"resilab/tui/stage"
)

// framesTopic is where the frames of a seat are sent for other servers.
func framesTopic(seat string) string { return "frames:" + seat }

// frame is one screen in one size, on its way to another server.
type frame struct {
	Size     stage.Size `json:"size"`
	Revision uint64     `json:"revision"`
	Text     string     `json:"text"`
}

// remoteScreen is a screen of another server that is or was followed here.
type remoteScreen struct {
	stage *stage.Stage
	label string
	used  time.Time // when it had followers last
	seen  time.Time // when a server had the program last
	stop  context.CancelFunc
}

// How long a screen stays without followers, and without its program: an order
// to present arrives before its server has announced that.
const maxUnused, maxAbsent = 5 * time.Second, 3 * time.Second

// target returns a program's screen, wherever it runs.
func (c *classroom) target(id string) (target, bool) {
	if st := c.server.seats.find(id); st != nil {
		return target{st.id, st.person.Label(), st.stage}, true
	}
	all, _ := c.seats()
	for _, p := range all {
		if p.ID == id {
			return c.remote(id, p.Person.Label()), true
		}
	}
	return target{}, false
}

// remote returns the screen of another server's program.
func (c *classroom) remote(id, label string) target {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.screens[id]
	if r == nil {
		ctx, stop := context.WithCancel(context.Background()) // endScreens and dropScreens end it
		r = &remoteScreen{stage: stage.New(c.poke), label: label, seen: time.Now(), stop: stop}
		c.screens[id] = r
		c.work.Go(func() { c.receive(ctx, id, r.stage) })
	}
	r.used = time.Now()
	return target{id, r.label, r.stage}
}

// receive puts the frames of another server's program on a stage. After an error
// it listens again.
func (c *classroom) receive(ctx context.Context, id string, st *stage.Stage) {
	for ctx.Err() == nil {
		_ = c.bus.Listen(ctx, framesTopic(id), c.poke, func(data []byte) { // exchange reports the error
			var f frame
			if json.Unmarshal(data, &f) == nil {
				st.Put(f.Size, f.Revision, f.Text)
			}
		})
		select {
		case <-ctx.Done():
		case <-time.After(classInterval):
		}
	}
}

// follows lists the screens of other servers that are followed here.
func (c *classroom) follows() (all []followed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, r := range c.screens {
		for size, people := range r.stage.Sizes() {
			all = append(all, followed{id, size, people})
		}
	}
	return all
}

// dropScreens ends the screens whose program has ended, and those that nobody
// follows any more.
func (c *classroom) dropScreens() {
	here, now := map[string]bool{}, time.Now()
	all, _ := c.seats()
	for _, p := range all {
		here[p.ID] = true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, r := range c.screens {
		if r.stage.Followers() > 0 {
			r.used = now
		}
		if here[id] {
			r.seen = now
		}
		absent := now.Sub(r.seen) > maxAbsent
		if absent {
			c.server.show.end(id)
		}
		if absent || now.Sub(r.used) > maxUnused && c.presented() != id {
			r.end()
			delete(c.screens, id)
		}
	}
}

// presented returns the seat whose screen is presented; empty: none is.
func (c *classroom) presented() string {
	t, _ := c.server.show.current()
	return t.id
}

// endScreens ends all screens and relays.
func (c *classroom) endScreens() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, r := range c.screens {
		r.end()
		delete(c.screens, id)
	}
	for key, r := range c.relays {
		r.stop()
		delete(c.relays, key)
	}
}

func (r *remoteScreen) end() {
	r.stop()
	r.stage.Dismiss()
}

// relayKey is a screen of this server in a size that others follow.
type relayKey struct {
	seat string
	size stage.Size
}

// relay sends a screen to other servers.
type relay struct {
	people int
	stop   context.CancelFunc
}

// relayScreens sends the screens that the others follow, and no others. Where
// their number changes the relay is replaced, so that a server that has just
// joined gets the whole screen.
func (c *classroom) relayScreens() {
	c.mu.Lock()
	defer c.mu.Unlock()
	wanted := map[relayKey]int{}
	for _, other := range c.others {
		for _, f := range other.Follows {
			wanted[relayKey{f.Seat, f.Size}] += f.People
		}
	}
	for key, r := range c.relays {
		if wanted[key] != r.people {
			r.stop()
			delete(c.relays, key)
		}
	}
	for key, people := range wanted {
		if st := c.server.seats.find(key.seat); st != nil && visible(st) && people > 0 && c.relays[key] == nil && validSize(key.size) {
			c.startRelay(key, people, st.stage)
		}
	}
}

// validSize reports whether a size may be drawn: that of a window.
func validSize(s stage.Size) bool { return s.W >= 1 && s.W <= maxWidth && s.H >= 1 && s.H <= maxHeight }

// startRelay begins to send a screen. c.mu is held.
func (c *classroom) startRelay(key relayKey, people int, st *stage.Stage) {
	ctx, stop := context.WithCancel(context.Background()) // relayScreens and endScreens end it
	c.relays[key] = &relay{people: people, stop: stop}
	follower := st.Follow(stage.View{Size: key.size, Colors: fullColors}, people)
	c.work.Go(func() {
		defer follower.Close()
		for {
			select {
			case <-ctx.Done():
				return
			case <-follower.Over():
				return
			case <-follower.Changed():
				c.sendFrame(ctx, key, follower)
			}
		}
	})
}

func (c *classroom) sendFrame(ctx context.Context, key relayKey, f *stage.Follower) {
	text, revision := f.Text()
	data, err := json.Marshal(frame{key.size, revision, text})
	if err != nil || text == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, classTimeout)
	defer cancel()
	_ = c.bus.Send(ctx, framesTopic(key.seat), data) // exchange reports the error; the next frame is whole
}
