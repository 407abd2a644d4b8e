package broker

import (
	"strings"

	"resilab/brokers/minirabbit/codec"
)

// Direct replies: a client consumes from the pseudo-queue below and names it as
// reply-to of its requests. The broker puts a key of that channel in its place,
// and what is published to that key goes straight to the channel.
const replyTo = "amq.rabbitmq.reply-to"

// replyPrefix begins the keys of channels that await replies.
const replyPrefix = replyTo + "."

// awaitReplies makes the channel a consumer of direct replies.
func (c *Channel) awaitReplies(s ConsumeSpec) (tag string, err error) {
	if !s.NoAck {
		return "", Refuse(PreconditionFailed, "reply consumer cannot acknowledge")
	}
	if c.replyKey != "" {
		return "", Refuse(PreconditionFailed, "reply consumer already set")
	}
	c.replyKey, c.replyTag = replyPrefix+unique(), s.Tag
	c.vhost.mu.Lock()
	defer c.vhost.mu.Unlock()
	c.vhost.repliers[c.replyKey] = c
	return s.Tag, nil
}

// forgetReplies undoes awaitReplies.
func (c *Channel) forgetReplies() {
	if c.replyKey == "" {
		return
	}
	c.vhost.mu.Lock()
	defer c.vhost.mu.Unlock()
	delete(c.vhost.repliers, c.replyKey)
	c.replyKey = ""
}

// addressed puts the channel's key in place of the pseudo-queue.
func (c *Channel) addressed(m *Message) (*Message, error) {
	if !m.wantsReply {
		return m, nil
	}
	if c.replyKey == "" {
		return nil, Refuse(PreconditionFailed, "fast reply consumer does not exist")
	}
	p, _ := m.decode()
	p.ReplyTo = []byte(c.replyKey)
	return m.revise(&p), nil
}

// reply delivers a message whose key is a channel's, if that still awaits
// replies. It reports whether it is such a key, and what the publisher has to
// wait for, as no queue takes what the channel's client does not read.
func (v *vhost) reply(m *Message) (known bool, wait <-chan struct{}) {
	if m.Exchange != "" || !strings.HasPrefix(m.RoutingKey, replyPrefix) {
		return false, nil
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	c := v.repliers[m.RoutingKey]
	if c == nil {
		return true, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.peer.Deliver(c.replyTag, c.lastTag+1, false, m) // nobody can acknowledge it, so the number is used again
	return true, c.peer.Room()
}

// replyQueue is the answer to a declaration of the pseudo-queue, or of a key of
// it: so clients may ask whether replies are still awaited.
func (v *vhost) replyQueue(name string) (QueueInfo, error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if name != replyTo && v.repliers[name] == nil {
		return QueueInfo{}, v.queueNamed(name).missing()
	}
	return QueueInfo{Name: name, Consumers: 1}, nil
}

// isReplyTo says whether a queue's name is the pseudo-queue or a key of it.
func isReplyTo(name string) bool { return name == replyTo || strings.HasPrefix(name, replyPrefix) }

func wantsReply(p *codec.Properties) bool {
	return p.Present&codec.HasReplyTo != 0 && string(p.ReplyTo) == replyTo
}
