package retry

import (
	"context"
	"testing"

	"resilab/labs/lab"
)

// BenchmarkFleetPicture is what changing a setting costs: 1,000 clients and 30 s of
// virtual time.
func BenchmarkFleetPicture(b *testing.B) {
	cfg, err := FleetConfig(Spec().Defaults(), 1)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := simulate(context.Background(), cfg); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSnapshot is the cost of a snapshot of a busy lab.
func BenchmarkSnapshot(b *testing.B) {
	l := New(lab.Env{})
	s := Spec().Defaults().With("rate", lab.IntValue(200))
	if err := l.Start(context.Background(), s, 1); err != nil {
		b.Fatal(err)
	}
	defer l.Stop(context.Background())
	for l.Snapshot().Metrics["operations"] < 100 {
	}
	b.ReportAllocs()
	for b.Loop() {
		l.Snapshot()
	}
}
