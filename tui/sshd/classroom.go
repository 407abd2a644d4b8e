package sshd

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"resilab/tui/stage"
	"resilab/tui/state"
)

// classInterval is how often a server tells the others who is here, and reads
// what they tell. classTimeout bounds one such exchange.
const (
	classInterval = time.Second
	classTimeout  = 2 * time.Second
)

// ordersTopic is where servers send each other orders.
const ordersTopic = "orders"

// presence is what a server announces.
type presence struct {
	Seats   []seatPresence `json:"seats"`
	Follows []followed     `json:"follows,omitempty"`
}

// seatPresence is one running program.
type seatPresence struct {
	ID       string        `json:"id"`
	Person   state.Person  `json:"person"`
	Idle     time.Duration `json:"idle"`             // since the last key
	Active   time.Duration `json:"active,omitempty"` // of work, since the program began
	Away     bool          `json:"away,omitempty"`
	Refuses  bool          `json:"refuses,omitempty"` // to be looked at
	Presents bool          `json:"presents,omitempty"`
}

// followed is a screen of another server, as it is followed here.
type followed struct {
	Seat   string     `json:"seat"`
	Size   stage.Size `json:"size"`
	People int        `json:"people"`
}

// classroom joins the servers that share a bus. Without a bus it holds one server.
type classroom struct {
	server *server
	bus    state.Bus // nil: there are no others
	id     string    // of this server
	poked  chan struct{}

	mu      sync.Mutex
	others  map[string]presence // by server
	screens map[string]*remoteScreen
	relays  map[relayKey]*relay
	err     error // of the last exchange
	work    sync.WaitGroup
}

func newClassroom(s *server, bus state.Bus) *classroom {
	return &classroom{server: s, bus: bus, id: newID(), poked: make(chan struct{}, 1),
		others: map[string]presence{}, screens: map[string]*remoteScreen{}, relays: map[relayKey]*relay{}}
}

// run exchanges presence and orders until ctx ends.
func (c *classroom) run(ctx context.Context) {
	if c.bus == nil {
		return
	}
	listening, stop := context.WithCancel(ctx)
	c.work.Go(func() { c.listen(listening) })
	tick := time.NewTicker(classInterval)
	defer tick.Stop()
	for ctx.Err() == nil {
		c.exchange(ctx)
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-c.poked:
		}
	}
	stop()
	c.endScreens()
	c.work.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), classTimeout)
	defer cancel()
	_ = c.bus.Announce(last, c.id, nil) // else it is forgotten after a while
}

// poke makes the next exchange come at once.
func (c *classroom) poke() {
	select {
	case c.poked <- struct{}{}:
	default:
	}
}

// listen obeys orders of other servers. After an error it listens again.
func (c *classroom) listen(ctx context.Context) {
	for ctx.Err() == nil {
		_ = c.bus.Listen(ctx, ordersTopic, nil, func(data []byte) { // exchange reports the error
			var o order
			if json.Unmarshal(data, &o) == nil && o.From != c.id {
				c.server.contain("order", "another server", func() { c.server.obey(o) })
			}
		})
		select {
		case <-ctx.Done():
		case <-time.After(classInterval):
		}
	}
}

// exchange announces this server and takes what the others announce.
func (c *classroom) exchange(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, classTimeout)
	defer cancel()
	others, err := c.announce(ctx)
	c.note(err)
	if err != nil {
		c.server.Metrics.BrokerError("class")
		return // what was known before stays
	}
	c.mu.Lock()
	c.others = others
	c.mu.Unlock()
	c.relayScreens()
	c.dropScreens()
	c.followShow()
}

func (c *classroom) announce(ctx context.Context) (others map[string]presence, err error) {
	own, err := json.Marshal(presence{Seats: c.server.presences(), Follows: c.follows()})
	if err != nil {
		return nil, err
	}
	if err := c.bus.Announce(ctx, c.id, own); err != nil {
		return nil, err
	}
	all, err := c.bus.Announced(ctx)
	if err != nil {
		return nil, err
	}
	others = map[string]presence{}
	for server, data := range all {
		var p presence
		if server != c.id && json.Unmarshal(data, &p) == nil {
			others[server] = p
		}
	}
	return others, nil
}

// note records the outcome of an exchange and logs changes.
func (c *classroom) note(err error) {
	c.mu.Lock()
	was := c.err
	c.err = err
	c.mu.Unlock()
	switch {
	case err != nil && was == nil:
		c.server.Logger.Error("the other servers cannot be reached", "error", err)
	case err == nil && was != nil:
		c.server.Logger.Info("the other servers can be reached again")
	}
}

// seats returns the programs that run on all servers, this one's first, and why
// the others' may be out of date.
func (c *classroom) seats() (all []seatPresence, err error) {
	all = c.server.presences()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, other := range c.others {
		all = append(all, other.Seats...)
	}
	return all, c.err
}

// presences describes the programs that run on this server.
func (s *server) presences() (all []seatPresence) {
	for _, st := range s.seats.list() {
		who := st.person
		who.Code = "" // not for others
		all = append(all, seatPresence{ID: st.id, Person: who, Idle: st.idle(), Active: st.guard.worked(), Away: st.line.current() == nil,
			Refuses: st.refuses.Load(), Presents: st.guard.shown.presents.Load()})
	}
	return all
}

// followShow presents here what another server presents.
func (c *classroom) followShow() {
	all, _ := c.seats()
	i := slices.IndexFunc(all, func(p seatPresence) bool { return p.Presents })
	if now, _ := c.server.show.current(); now.stage != nil || i < 0 {
		return
	}
	if t, ok := c.target(all[i].ID); ok {
		c.server.show.begin(t)
	}
}

// order is what a server asks of the programs on all.
type order struct {
	From  string `json:"from"`
	Kind  string `json:"kind"`
	Seat  string `json:"seat,omitempty"` // empty: every one
	Text  string `json:"text,omitempty"`
	Label string `json:"label,omitempty"` // of the person who presents
}

// The kinds of orders.
const (
	orderSay       = "say"
	orderCard      = "card"
	orderHint      = "hint"
	orderEnd       = "end"
	orderPresent   = "present"
	orderUnpresent = "unpresent"
)

// order has programs on this and on other servers do something.
func (c *classroom) order(ctx context.Context, o order) error {
	o.From = c.id
	c.server.obey(o)
	if c.bus == nil || o.Seat != "" && c.server.seats.find(o.Seat) != nil && o.Kind != orderPresent && o.Kind != orderUnpresent {
		return nil
	}
	data, err := json.Marshal(o)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, classTimeout)
	defer cancel()
	if err := c.bus.Send(ctx, ordersTopic, data); err != nil {
		return fmt.Errorf("reaching the other servers: %w", err)
	}
	return nil
}

// obey does what an order asks of the programs here.
func (s *server) obey(o order) {
	switch o.Kind {
	case orderPresent:
		s.obeyPresent(o)
		return
	case orderUnpresent:
		s.obeyUnpresent(o.Seat)
		return
	}
	for _, st := range s.seats.list() {
		if o.Seat == "" || o.Seat == st.id {
			st.obey(o)
		}
	}
}

func (st *seat) obey(o order) {
	orders := st.server.Orders
	switch {
	case o.Kind == orderSay:
		st.tell("sshd.message", clean(o.Text, maxMessage))
	case o.Kind == orderHint && orders.Hint != nil:
		st.send(orders.Hint)
	case o.Kind == orderCard && orders.OpenCard != nil && slices.Contains(st.server.Cards, o.Text):
		st.send(orders.OpenCard(o.Text))
		st.tell("sshd.card", o.Text)
	case o.Kind == orderEnd:
		st.server.Logger.Info("session ended by a teacher", "person", st.person.ID)
		st.end(sessionEnd(endTeacher))
	}
}
