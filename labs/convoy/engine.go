package convoy

import (
	"context"

	"resilab/labs/kit"
	"resilab/labs/lab"
)

// What the log keeps and a snapshot shows.
const (
	logSize     = 400
	shownEvents = 100
)

// engine makes the runs of the lab.
type engine struct{ *kit.Base }

// New returns the lab. It connects when it starts.
func New(env lab.Env) lab.Lab {
	opt := kit.Options{LogSize: logSize, Shown: shownEvents, Routine: routineASecond}
	return kit.NewRunner(env, opt, func(b *kit.Base) kit.Engine[*run] { return &engine{b} })
}

// Needs returns the kinds of brokers that a run with the given settings opens.
func Needs(s lab.Settings) []string { return []string{productOf(s).kind} }

// limits are those of visitors. The cards need no more.
func limits() []lab.Limit {
	return []lab.Limit{
		{Knob: "rate", Most: lab.IntValue(400)}, {Knob: "users", Most: lab.IntValue(50)}, {Knob: "lanes", Most: lab.IntValue(6)},
		{Knob: "burst", Most: lab.IntValue(20)},
	}
}

// Open implements kit.Engine. Every run has its own connections.
func (e *engine) Open(context.Context, lab.Settings) error { return nil }

// Begin implements kit.Engine. A broker that is away is an error for the first run
// only: a lab that is running reports it and resumes when the broker is back.
func (e *engine) Begin(ctx context.Context, r *kit.Run) (*run, error) {
	url, err := e.Env.Open(ctx, productOf(r.Settings).kind)
	if err != nil {
		return nil, err
	}
	work := newRun(e.Base, r, url)
	work.start()
	if err = work.transport.AwaitFirst(ctx); ctx.Err() != nil { // maybe since then
		err = ctx.Err()
	} else if r.Number > 1 {
		err = nil
	}
	if err != nil {
		work.stop()
		return nil, err
	}
	return work, nil
}

// Do implements kit.Engine.
func (e *engine) Do(ctx context.Context, work *run, action string) error { return work.do(ctx, action) }

// Fill implements kit.Engine.
func (e *engine) Fill(work *run, snap *lab.Snapshot) { picture{work}.fill(snap) }

// End implements kit.Engine. What the run declared is removed when its context
// ends.
func (e *engine) End(_ context.Context, work *run) { work.stop() }

// Close implements kit.Engine.
func (e *engine) Close(context.Context) error { return nil }
