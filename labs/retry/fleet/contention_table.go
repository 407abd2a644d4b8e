package fleet

import (
	"context"
	"math"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"resilab/labs/kit"
	"resilab/labs/retry/policy"
)

// Strategies are the five ways to wait that AWS's article compares, in its order.
func Strategies() []string { return []string{"none", "expo", "equal", "full", "decorrelated"} }

// ContentionRow is one line of the article's table: the means of several runs, and
// the standard deviations of one run.
type ContentionRow struct {
	Clients  int     `json:"clients"`
	Strategy string  `json:"strategy"`
	Calls    float64 `json:"calls"`
	CallsSD  float64 `json:"calls_sd"`
	TookMS   float64 `json:"took_ms"` // until the last client was done
	TookSD   float64 `json:"took_ms_sd"`
}

// ContentionTable runs each strategy with each number of clients, as many times as
// runs says, on all processors. AWS's simulator does 100 runs of 10, 20, … 200 clients.
func ContentionTable(ctx context.Context, seed uint64, runs int, clients ...int) ([]ContentionRow, error) {
	if err := policy.Within("runs", runs, 1, 10_000); err != nil {
		return nil, err
	}
	rows := make([]ContentionRow, 0, len(clients)*len(Strategies()))
	for _, n := range clients {
		for _, strategy := range Strategies() {
			rows = append(rows, ContentionRow{Clients: n, Strategy: strategy})
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range rows {
		group.Go(func() error { return rows[i].measure(ctx, kit.Finish(seed), runs) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return rows, nil
}

func (row *ContentionRow) measure(ctx context.Context, seed uint64, runs int) error {
	var calls, took spread
	for run := range runs {
		r, err := awsContention(seed+uint64(run), row.Clients, row.Strategy).Run(ctx)
		if err != nil {
			return err
		}
		calls.add(float64(r.Calls))
		took.add(kit.Millis(r.Took))
	}
	row.Calls, row.CallsSD = calls.mean, calls.deviation()
	row.TookMS, row.TookSD = took.mean, took.deviation()
	return nil
}

// spread is the mean and the deviation of a sample. Source: Welford, "Note on a
// method for calculating corrected sums of squares and products", Technometrics 4,
// 1962.
type spread struct{ n, mean, squares float64 }

func (s *spread) add(x float64) {
	s.n++
	d := x - s.mean
	s.mean += d / s.n
	s.squares += d * (x - s.mean)
}

// deviation returns the sample's standard deviation; 0 for a single value.
func (s *spread) deviation() float64 {
	if s.n < 2 {
		return 0
	}
	return math.Sqrt(s.squares / (s.n - 1))
}

// awsContention has the simulator's own numbers: 10 ± 2 ms a hop, base 5 ms, cap 2 s.
func awsContention(seed uint64, clients int, strategy string) Contention {
	c := Contention{
		Seed: seed, Clients: clients, Hop: 10 * time.Millisecond, HopDeviation: 2 * time.Millisecond,
		Policy: policy.Policy{Base: 5 * time.Millisecond, Cap: 2 * time.Second, Factor: 2},
	}
	switch strategy {
	case "none":
		c.Policy.Base, c.Policy.Cap = 0, 0
	case "equal":
		c.Policy.Jitter = policy.Equal
	case "full":
		c.Policy.Jitter = policy.Full
	case "decorrelated":
		c.Policy.Jitter = policy.Decorrelated
	}
	return c
}
