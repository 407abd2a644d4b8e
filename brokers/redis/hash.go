package redis

import "context"

// Hash is one hash in Redis.
type Hash struct {
	client *Client
	key    string
}

// Hash returns the hash at a key, which need not exist.
func (c *Client) Hash(key string) Hash { return Hash{c, key} }

// All returns all fields; none where the key does not exist.
func (h Hash) All(ctx context.Context) (map[string]string, error) {
	fields, err := h.client.rdb.HGetAll(ctx, h.key).Result()
	return fields, h.client.wrap(err)
}

// Get returns one field, or ErrMiss.
func (h Hash) Get(ctx context.Context, field string) (string, error) {
	value, err := h.client.rdb.HGet(ctx, h.key, field).Result()
	return value, h.client.wrap(err)
}

// Set sets one field.
func (h Hash) Set(ctx context.Context, field, value string) error {
	return h.client.wrap(h.client.rdb.HSet(ctx, h.key, field, value).Err())
}
