package redis

import "context"

// Fields returns all fields of a hash; none where the key does not exist.
func (c *Client) Fields(ctx context.Context, key string) (map[string]string, error) {
	fields, err := c.rdb.HGetAll(ctx, key).Result()
	return fields, c.wrap(err)
}

// Field returns one field of a hash, or ErrMiss.
func (c *Client) Field(ctx context.Context, key, field string) (string, error) {
	value, err := c.rdb.HGet(ctx, key, field).Result()
	return value, c.wrap(err)
}

// SetField sets one field of a hash.
func (c *Client) SetField(ctx context.Context, key, field, value string) error {
	return c.wrap(c.rdb.HSet(ctx, key, field, value).Err())
}

// RemoveFields removes fields of a hash.
func (c *Client) RemoveFields(ctx context.Context, key string, fields ...string) error {
	return c.wrap(c.rdb.HDel(ctx, key, fields...).Err())
}
