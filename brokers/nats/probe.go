package nats

import (
	"context"
	"errors"
	"fmt"
)

// Probe connects to the server and returns "NATS" with its version. A server without
// JetStream is an error. Errors do not name the address.
func Probe(ctx context.Context, url string) (version string, err error) {
	c, err := Connect(ctx, Options{URL: url, Name: "resilab-probe"})
	if err != nil {
		return "", errors.Unwrap(err)
	}
	defer c.Close()
	if _, err := c.js.AccountInfo(ctx); err != nil {
		return "", fmt.Errorf("asking for JetStream, which nats-server --jetstream has: %w", err)
	}
	return "NATS " + c.nc.ConnectedServerVersion(), nil
}
