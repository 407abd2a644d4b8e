package broker

import "slices"

// A consumer is one subscription of a channel to a queue. The queue's lock
// guards it.
type consumer struct {
	tag       string
	channel   *Channel
	queue     *queue
	noAck     bool
	exclusive bool
	priority  int64
	prefetch  int  // most unacknowledged deliveries; 0 is no limit
	inFlight  int  // deliveries not yet settled
	started   bool // it may receive deliveries
	parked    bool // it could not take a message and is not in turn
	gone      bool
}

// ready reports whether the consumer can take a message, and reserves a place
// under its channel's limit.
func (c *consumer) ready() bool {
	if c.prefetch > 0 && c.inFlight >= c.prefetch && !c.noAck {
		return false
	}
	return !c.channel.peer.Congested() && (c.noAck || c.channel.window.reserve())
}

// consumers are a queue's subscriptions and the order in which they are served.
// Among the consumers that can take a message, those of the highest priority take
// turns.
type consumers struct {
	all    []*consumer // in the order in which they were added
	groups []*group    // the active ones; highest priority first
	single *consumer   // the active one, with x-single-active-consumer
	sac    bool        // x-single-active-consumer is set
}

type group struct {
	priority int64
	turn     deque[*consumer]
}

// add appends a consumer; it is not served before it is started and woken.
func (s *consumers) add(c *consumer) {
	c.parked = true
	s.all = append(s.all, c)
	if s.sac && s.single == nil {
		s.single = c
	}
}

// remove removes the consumer. If it was the single active one, another becomes
// active.
func (s *consumers) remove(c *consumer) {
	s.all = slices.DeleteFunc(s.all, func(o *consumer) bool { return o == c })
	for _, g := range s.groups {
		if g.priority == c.priority {
			g.turn.removeFunc(func(o *consumer) bool { return o == c })
		}
	}
	c.gone = true
	if s.single == c {
		s.single = nil
		s.elect()
	}
}

// cancelAll removes all consumers and returns them.
func (s *consumers) cancelAll() []*consumer {
	all := s.all
	for _, c := range all {
		c.gone = true
	}
	*s = consumers{sac: s.sac}
	return all
}

// elect makes the consumer of the highest priority that was added first the single
// active one.
func (s *consumers) elect() {
	for _, c := range s.all {
		if s.single == nil || c.priority > s.single.priority {
			s.single = c
		}
	}
	if s.single != nil {
		s.wake(s.single)
	}
}

// activate puts the consumer at the end of its group's turn.
func (s *consumers) activate(c *consumer) {
	c.parked = false
	i, found := slices.BinarySearchFunc(s.groups, c.priority, func(g *group, p int64) int {
		return int(min(1, max(-1, p-g.priority)))
	})
	if !found {
		s.groups = slices.Insert(s.groups, i, &group{priority: c.priority})
	}
	s.groups[i].turn.pushBack(c)
}

// next returns the next consumer that can take a message, or nil. Consumers that
// cannot are parked until wake is called.
func (s *consumers) next() *consumer {
	for _, g := range s.groups {
		for g.turn.len() > 0 {
			c := g.turn.popFront()
			if c.ready() {
				g.turn.pushBack(c)
				return c
			}
			c.parked = true
		}
	}
	return nil
}

// wake puts a parked consumer back in turn. It reports whether it did.
func (s *consumers) wake(c *consumer) bool {
	if !c.parked || !c.started || c.gone || (s.sac && c != s.single) {
		return false
	}
	s.activate(c)
	return true
}
