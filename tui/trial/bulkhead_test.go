// Package trial holds the test that a lab is a folder, a pane and a line in each
// registry: a fourth lab, which is not part of the program, passes everything
// that the program's own labs pass.
package trial

import (
	"context"
	"embed"
	"fmt"
	"sync/atomic"
	"time"

	"resilab/labs/kit"
	"resilab/labs/lab"
)

// The lab: calls to a slow service share a number of slots, and a call that
// finds none free is rejected at once, so that the caller's threads are not all
// bound by that service.

//go:embed es.yaml en.yaml
var texts embed.FS

func bulkheadSpec() *lab.Spec {
	return &lab.Spec{
		ID: "bulkhead", Texts: texts, Work: "calls",
		Knobs: []lab.Knob{
			lab.NewInt("slots", 2, 1, 50).Moves("rejected_share", "50"),
			lab.NewRate("rate", 50, 0, 500).Moves("rejected_share", "5"),
			lab.NewDuration("work", 100*time.Millisecond, time.Millisecond, 5*time.Second).
				Moves("rejected_share", "1ms"),
		},
		Metrics: []lab.Metric{
			{ID: "calls", Format: lab.Count},
			{ID: "accepted", Format: lab.Count, Better: lab.Higher, Card: true},
			{ID: "rejected", Format: lab.Count, Better: lab.Lower},
			{ID: "rejected_share", Format: lab.Share, Better: lab.Lower, Card: true},
		},
	}
}

func newBulkhead(env lab.Env) lab.Lab {
	return kit.NewRunner(env, kit.Options{LogSize: 400, Shown: 200, Routine: 20}, func(b *kit.Base) kit.Engine[*bulkhead] { return &engine{b} })
}

type engine struct{ *kit.Base }

// bulkhead is the work of one run.
type bulkhead struct {
	slots                     chan struct{}
	calls, accepted, rejected atomic.Int64
	inFlight                  atomic.Int64
}

func (e *engine) Open(context.Context, lab.Settings) error { return nil }

func (e *engine) Begin(_ context.Context, run *kit.Run) (*bulkhead, error) {
	b := &bulkhead{slots: make(chan struct{}, run.Settings.Int("slots"))}
	gap := kit.Poisson(run.Settings.Float("rate"), kit.Stream(run.Seed, "arrivals"))
	run.Go(func(ctx context.Context) {
		kit.Arrive(ctx, e.Clock, e.Valve, kit.Arrival{Gap: gap, Do: func(time.Time) { e.call(run, b) }})
	})
	return b, nil
}

// call takes a slot and works, or is rejected.
func (e *engine) call(run *kit.Run, b *bulkhead) {
	n := b.calls.Add(1)
	defer e.Changed()
	select {
	case b.slots <- struct{}{}:
	default:
		b.rejected.Add(1)
		e.Log.Routine(lab.MarkFail, "bulkhead.event.rejected", n)
		return
	}
	b.inFlight.Add(1)
	run.Go(func(ctx context.Context) {
		defer b.inFlight.Add(-1)
		if e.Clock.Sleep(ctx, run.Settings.Duration("work")) == nil {
			b.accepted.Add(1)
			e.Log.Routine(lab.MarkOK, "bulkhead.event.done", n)
		}
		<-b.slots
		e.Changed()
	})
}

func (e *engine) Do(context.Context, *bulkhead, string) error { return nil }

func (e *engine) Fill(b *bulkhead, snap *lab.Snapshot) {
	calls, rejected := b.calls.Load(), b.rejected.Load()
	snap.InFlight = int(b.inFlight.Load())
	snap.Metrics = map[string]float64{
		"calls": float64(calls), "accepted": float64(b.accepted.Load()), "rejected": float64(rejected),
	}
	if calls > 0 {
		snap.Metrics["rejected_share"] = float64(rejected) / float64(calls)
	}
	snap.Detail = fmt.Sprintf("%d/%d", snap.InFlight, cap(b.slots))
}

func (e *engine) End(context.Context, *bulkhead) {}

func (e *engine) Close(context.Context) error { return nil }
