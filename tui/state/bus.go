package state

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"resilab/brokers"
)

// Bus carries what the servers of one class tell each other. It is safe for
// concurrent use.
type Bus interface {
	// Announce tells the others something about a server, for AnnounceLife. It
	// replaces what the server announced before; nil data withdraws it.
	Announce(ctx context.Context, server string, data []byte) error
	// Announced returns what every server has announced.
	Announced(ctx context.Context) (map[string][]byte, error)
	// Send sends data to all who listen on a topic now.
	Send(ctx context.Context, topic string, data []byte) error
	// Listen calls receive with what is sent on a topic until ctx ends. ready, which
	// may be nil, is called once the topic is listened to.
	Listen(ctx context.Context, topic string, ready func(), receive func(data []byte)) error
}

// AnnounceLife is how long a server counts as present after its last Announce.
const AnnounceLife = 5 * time.Second

const (
	serversKey  = "resilab:class:servers" // what each has announced, by server
	topicPrefix = "resilab:class:topic:"
)

var _ Bus = (*Redis)(nil)

// announceScript keeps what a server announces with Redis's own time, so that the
// servers' clocks need not agree.
var announceScript = brokers.NewRedisScript(`
	if ARGV[2] == "" then return redis.call("HDEL", KEYS[1], ARGV[1]) end
	local now = redis.call("TIME")
	redis.call("HSET", KEYS[1], ARGV[1], now[1] .. " " .. ARGV[2])
	redis.call("EXPIRE", KEYS[1], ARGV[3])
	return 1`)

// announcedScript returns what is not too old, and removes the rest.
var announcedScript = brokers.NewRedisScript(`
	local now, all, found = tonumber(redis.call("TIME")[1]), redis.call("HGETALL", KEYS[1]), {}
	for i = 1, #all, 2 do
		local at, data = all[i+1]:match("^(%d+) (.*)$")
		if at and now - tonumber(at) <= tonumber(ARGV[1]) then
			found[all[i]] = data
		else
			redis.call("HDEL", KEYS[1], all[i])
		end
	end
	if next(found) == nil then return "{}" end
	return cjson.encode(found)`)

// Announce implements Bus.
func (r *Redis) Announce(ctx context.Context, server string, data []byte) error {
	_, err := r.client.Run(ctx, announceScript, []string{serversKey}, server, string(data), int(AnnounceLife.Seconds())*10)
	return err
}

// Announced implements Bus.
func (r *Redis) Announced(ctx context.Context) (map[string][]byte, error) {
	text, err := r.client.RunText(ctx, announcedScript, []string{serversKey}, int(AnnounceLife.Seconds()))
	if err != nil {
		return nil, err
	}
	var found map[string]string
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		return nil, fmt.Errorf("reading the announcements: %w", err)
	}
	all := make(map[string][]byte, len(found))
	for server, data := range found {
		all[server] = []byte(data)
	}
	return all, nil
}

// Send implements Bus.
func (r *Redis) Send(ctx context.Context, topic string, data []byte) error {
	return r.client.Channel(topicPrefix+topic).Publish(ctx, data)
}

// Listen implements Bus.
func (r *Redis) Listen(ctx context.Context, topic string, ready func(), receive func(data []byte)) error {
	return r.client.Channel(topicPrefix+topic).Listen(ctx, ready, func(data string) { receive([]byte(data)) })
}
