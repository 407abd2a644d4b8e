package fleet

import (
	"context"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"resilab/labs/retry/policy"
)

// Strategies are the five ways to wait that AWS's article compares, in its order.
func Strategies() []string { return []string{"none", "expo", "equal", "full", "decorrelated"} }

// ContentionRow is one line of the article's table: the means of several runs.
type ContentionRow struct {
	Clients  int     `json:"clients"`
	Strategy string  `json:"strategy"`
	Calls    float64 `json:"calls"`
	TookMS   float64 `json:"took_ms"` // until the last client was done
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
		group.Go(func() error { return rows[i].measure(ctx, mix(seed), runs) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return rows, nil
}

func (row *ContentionRow) measure(ctx context.Context, seed uint64, runs int) error {
	for run := range runs {
		r, err := awsContention(seed+uint64(run), row.Clients, row.Strategy).Run(ctx)
		if err != nil {
			return err
		}
		row.Calls += float64(r.Calls) / float64(runs)
		row.TookMS += float64(r.Took) / float64(time.Millisecond) / float64(runs)
	}
	return nil
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
