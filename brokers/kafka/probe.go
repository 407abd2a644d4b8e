package kafka

import (
	"context"
	"fmt"
	"strings"

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
			return "Kafka " + shortVersion(v.VersionGuess()), nil
		}
	}
	return "Kafka", nil
}

// shortVersion writes a guess of the client as people of any language read it: "between
// v1.0 and v1.1" is v1.0..v1.1, "at least v4.0" is v4.0+.
func shortVersion(guess string) string {
	if both, ok := strings.CutPrefix(guess, "between "); ok {
		return strings.Replace(both, " and ", "..", 1)
	}
	if least, ok := strings.CutPrefix(guess, "at least "); ok {
		return least + "+"
	}
	return guess
}
