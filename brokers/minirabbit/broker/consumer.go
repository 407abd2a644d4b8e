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
	started   bool // it may get deliveries
	parked    bool // it is not among those whose turn comes
	gone      bool
}

// ready says whether the consumer may take a message, and reserves the
// channel's place for it.
func (c *consumer) ready() bool {
	if c.prefetch > 0 && c.inFlight >= c.prefetch && !c.noAck {
		return false
	}
	return !c.channel.congested() && (c.noAck || c.channel.reserve())
}

// consumers are a queue's subscriptions and whose turn it is. Of several
// consumers that can take a message those of the highest priority do, in turn.
type consumers struct {
	all    []*consumer // in the order they came
	groups []*group    // the active ones; highest priority first
	single *consumer   // with a single active consumer: that one
	sac    bool
}

type group struct {
	priority int64
	turn     deque[*consumer]
}

// add takes in a consumer; it gets no turn before it is started and woken.
func (s *consumers) add(c *consumer) {
	c.parked = true
	s.all = append(s.all, c)
	if s.sac && s.single == nil {
		s.single = c
	}
}

// remove forgets the consumer; with a single active one the next takes over.
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

// elect makes the consumer that waits longest, of the highest priority, the
// single active one and gives it its turn.
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

// activate gives the consumer a turn again.
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

// next returns the consumer whose turn it is, nil when none can take a message.
// Those that cannot are parked until somebody wakes them.
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

// wake gives a parked consumer its turn back; whether it can use it shows when
// it comes. It reports whether that changed anything.
func (s *consumers) wake(c *consumer) bool {
	if !c.parked || !c.started || c.gone || (s.sac && c != s.single) {
		return false
	}
	s.activate(c)
	return true
}
