package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Probe connects to the cluster at addr (host:port, several with commas) and
// returns "Kafka" with its version, as far as the answer contains it.
func Probe(ctx context.Context, addr string) (version string, err error) {
	client, err := kgo.NewClient(Options{Addr: addr, Name: "resilab-probe"}.base()...)
	if err != nil {
		return "", fmt.Errorf("opening a client of Kafka: %w", err)
	}
	defer client.Close()
	if err := client.Ping(ctx); err != nil {
		return "", err
	}
	versions, err := kadm.NewClient(client).ApiVersions(ctx)
	if err != nil {
		return "Kafka", nil // it answers, but does not report its version
	}
	for _, v := range versions {
		if v.Err == nil {
			return "Kafka " + v.VersionGuess(), nil
		}
	}
	return "Kafka", nil
}
