package fleet_test

import (
	"context"
	"math"
	"testing"

	"resilab/labs/retry/fleet"
)

// The means of a hundred runs of the original, and how far another hundred may be
// from them: the longest of many waits varies more than the number of calls.
func TestContentionGivesTheOriginalsTable(t *testing.T) {
	type figures struct{ calls, took float64 }
	original := map[int]map[string]figures{
		10: {
			"none": {51, 384}, "expo": {51, 3503}, "equal": {42, 692}, "full": {39, 457}, "decorrelated": {38, 443},
		},
		100: {
			"none": {2420, 2030}, "expo": {1847, 63086}, "equal": {811, 6602}, "full": {796, 4876}, "decorrelated": {1005, 4608},
		},
	}
	rows, err := fleet.ContentionTable(t.Context(), 1, 100, 10, 100)
	if err != nil || len(rows) != 10 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		want := original[row.Clients][row.Strategy]
		if math.Abs(row.Calls/want.calls-1) > 0.05 || math.Abs(row.TookMS/want.took-1) > 0.1 {
			t.Errorf("%d clients, %s: %.0f calls and %.0f ms, the original %.0f and %.0f",
				row.Clients, row.Strategy, row.Calls, row.TookMS, want.calls, want.took)
		}
		if row.CallsSD <= 0 || row.CallsSD > row.Calls || row.TookSD <= 0 || row.TookSD > row.TookMS {
			t.Errorf("%d clients, %s: deviations %.1f and %.1f", row.Clients, row.Strategy, row.CallsSD, row.TookSD)
		}
	}
	if once, err := fleet.ContentionTable(t.Context(), 1, 1, 10); err != nil || once[0].CallsSD != 0 {
		t.Errorf("one run has the deviation %v, %v", once[0].CallsSD, err)
	}
}

func TestContentionRefusesInvalidValues(t *testing.T) {
	if _, err := fleet.ContentionTable(t.Context(), 1, 0, 10); err == nil {
		t.Error("no runs at all are accepted")
	}
	if _, err := fleet.ContentionTable(t.Context(), 1, 1, 0); err == nil {
		t.Error("no clients at all are accepted")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := fleet.ContentionTable(ctx, 1, 1, 10); err == nil {
		t.Error("it goes on after its context")
	}
}

// BenchmarkContention is the original's whole programme: 10 to 200 clients, five
// strategies, a hundred runs each.
func BenchmarkContention(b *testing.B) {
	var clients []int
	for n := 10; n <= 200; n += 10 {
		clients = append(clients, n)
	}
	calls := 0.0
	for b.Loop() {
		rows, err := fleet.ContentionTable(context.Background(), 1, 100, clients...)
		if err != nil {
			b.Fatal(err)
		}
		for _, row := range rows {
			calls += 100 * row.Calls
		}
	}
	b.ReportMetric(calls/b.Elapsed().Seconds(), "calls/s")
}
