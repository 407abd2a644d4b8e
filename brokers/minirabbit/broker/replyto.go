package broker

import (
	"strings"
	"sync"

	"resilab/brokers/minirabbit/codec"
)

// replyTo is the pseudo-queue of direct replies. A client consumes from it and
// names it as reply-to of its requests. The broker replaces it there by a key of
// the client's channel, and delivers what is published to that key directly to the
// channel.
const replyTo = "amq.rabbitmq.reply-to"

// replyPrefix begins the keys of channels that consume replies.
const replyPrefix = replyTo + "."

// A replyConsumer is a channel's subscription to direct replies.
type replyConsumer struct {
	repliers *repliers
	key      string // where replies are published; "" while there is no subscription
	tag      string
}

// begin subscribes the channel and returns the consumer's tag.
func (r *replyConsumer) begin(c *Channel, s ConsumeSpec) (tag string, err error) {
	if !s.NoAck {
		return "", Refuse(PreconditionFailed, "reply consumer cannot acknowledge")
	}
	if r.key != "" {
		return "", Refuse(PreconditionFailed, "reply consumer already set")
	}
	r.key, r.tag = replyPrefix+unique(), s.Tag
	r.repliers.add(r.key, replier{c, s.Tag})
	return s.Tag, nil
}

// end undoes begin.
func (r *replyConsumer) end() {
	if r.key != "" {
		r.repliers.remove(r.key)
		r.key = ""
	}
}

// has reports whether the subscription has that tag.
func (r *replyConsumer) has(tag string) bool { return r.key != "" && tag == r.tag }

// address replaces the pseudo-queue in a message's reply-to by the channel's key.
func (r *replyConsumer) address(m *Message) (*Message, error) {
	if !m.wantsReply {
		return m, nil
	}
	if r.key == "" {
		return nil, Refuse(PreconditionFailed, "fast reply consumer does not exist")
	}
	p, _ := m.decode()
	p.ReplyTo = []byte(r.key)
	return m.revise(&p), nil
}

// repliers are the channels of a virtual host that consume replies.
type repliers struct {
	mu    sync.RWMutex
	byKey map[string]replier
}

// A replier is a channel and the tag of its reply consumer.
type replier struct {
	channel *Channel
	tag     string
}

func (r *repliers) add(key string, to replier) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byKey == nil {
		r.byKey = map[string]replier{}
	}
	r.byKey[key] = to
}

func (r *repliers) remove(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byKey, key)
}

// deliver delivers a reply if its channel still consumes replies. It returns what
// the publisher has to wait for, because no queue holds what the client does not
// read.
func (r *repliers) deliver(m *Message) (wait <-chan struct{}) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	to, ok := r.byKey[m.RoutingKey]
	if !ok {
		return nil
	}
	to.channel.deliveries.reply(to.tag, m)
	return to.channel.peer.Room()
}

// queue answers a declaration of the pseudo-queue or of a channel's key, with which
// clients check that replies are still consumed.
func (r *repliers) queue(v *vhost, name string) (QueueInfo, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if _, ok := r.byKey[name]; !ok && name != replyTo {
		return QueueInfo{}, v.queueNamed(name).missing()
	}
	return QueueInfo{Name: name, Consumers: 1}, nil
}

// isReply reports whether a message is published to a channel's key.
func isReply(m *Message) bool {
	return m.Exchange == "" && strings.HasPrefix(m.RoutingKey, replyPrefix)
}

// isReplyTo reports whether a queue's name is the pseudo-queue or a channel's key.
func isReplyTo(name string) bool { return name == replyTo || strings.HasPrefix(name, replyPrefix) }

func wantsReply(p *codec.Properties) bool {
	return p.Present&codec.HasReplyTo != 0 && string(p.ReplyTo) == replyTo
}
