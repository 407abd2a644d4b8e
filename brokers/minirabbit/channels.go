package minirabbit

import (
	"maps"
	"slices"
	"sync"

	"resilab/brokers/minirabbit/broker"
	"resilab/brokers/minirabbit/codec"
)

// A channelTable holds a session's open channels.
type channelTable struct {
	max int // negotiated

	mu   sync.Mutex
	byID map[uint16]*channel
}

// get returns nil if the channel is not open.
func (t *channelTable) get(id uint16) *channel {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byID[id]
}

func (t *channelTable) all() []*channel {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Collect(maps.Values(t.byID))
}

// add adds the channel that open returns, if the client may open one.
func (t *channelTable) add(id uint16, open func() *channel) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byID[id] != nil {
		return &methodError{(*codec.ChannelOpen)(nil).ID(), broker.Refuse(broker.ChannelError, "second 'channel.open' seen")}
	}
	if len(t.byID) >= t.max {
		return broker.Refuse(broker.NotAllowed, "number of channels opened (%d) has reached the negotiated channel_max (%d)", len(t.byID), t.max)
	}
	t.byID[id] = open()
	return nil
}

func (t *channelTable) remove(id uint16) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.byID, id)
}

func (t *channelTable) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.byID)
}
