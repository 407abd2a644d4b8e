package labtest

import (
	"context"
	"fmt"
)

// Brokers returns a lab.Env's Open for brokers that are open already: their
// URLs by kind. Any other kind is an error.
func Brokers(urls map[string]string) func(ctx context.Context, kind string) (string, error) {
	return func(_ context.Context, kind string) (string, error) {
		if url, ok := urls[kind]; ok {
			return url, nil
		}
		return "", fmt.Errorf("opening a broker: the test has no %s", kind)
	}
}
