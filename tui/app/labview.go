package app

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"resilab/labs/lab"
	"resilab/tui/pane"
	"resilab/tui/pane/generic"
)

// area is a part of a lab's screen that keys can go to.
type area int

const (
	onKnobs area = iota
	onLog
	onCard
)

// sampleEvery is how far apart a chart's samples are.
const sampleEvery = 500 * time.Millisecond

// labView is one lab as this screen shows it.
type labView struct {
	entry LabEntry
	exp   *lab.Experiment
	spec  *lab.Spec
	knobs []lab.Knob

	seen     observed
	snap     *lab.Snapshot // nil until the lab lives
	startErr atomic.Pointer[error]

	focus    area
	selected int    // index into knobs
	typing   *field // a knob's value
	problem  string // why the last value was refused
	view     int    // which of the picture's views is shown
	table    bool   // runs A and B stand in the picture's place
	cardOpen bool
	history  *pane.History

	filter    field
	filtering bool
	frozen    []lab.Event // the log as it was when it was frozen; nil: it flows
	back      int         // how far the log is scrolled back
}

// observed is what a frame depends on besides the screen's own state.
type observed struct {
	rev     uint64
	elapsed int64 // whole seconds
	phase   lab.Phase
	failed  bool
	settled bool
	trouble int64 // seconds that the oldest trouble lasts
}

func newLabView(entry LabEntry) *labView {
	if entry.Picture == nil {
		entry.Picture = generic.Picture{}
	}
	spec := entry.Experiment.Spec()
	return &labView{entry: entry, exp: entry.Experiment, spec: spec,
		knobs: generic.Knobs(spec), history: pane.NewHistory(sampleEvery)}
}

// start brings the lab to life. What goes wrong is shown in its tab; a panic
// must not reach the terminal.
func (v *labView) start(ctx context.Context) {
	defer func() {
		if r := recover(); r != nil {
			v.fail(fmt.Errorf("panic while starting the lab %s: %v", v.spec.ID, r))
		}
	}()
	if err := v.exp.Start(ctx); err != nil {
		v.fail(err)
	}
}

func (v *labView) fail(err error) { v.startErr.Store(&err) }

// observe takes a snapshot and tells whether anything that can be seen has changed.
func (v *labView) observe(now time.Time) (changed bool) {
	phase, err := v.exp.Phase()
	seen := observed{phase: phase, failed: err != nil || v.startErr.Load() != nil, settled: v.exp.Settled()}
	if snap := v.exp.Snapshot(); snap != nil {
		seen.rev, seen.elapsed = snap.Rev, int64(snap.Elapsed/time.Second)
		for _, t := range snap.Troubles {
			seen.trouble = max(seen.trouble, int64(now.Sub(t.Since)/time.Second)+1)
		}
		v.history.Sample(snap.Elapsed, snap.Metrics)
		v.snap = snap
	}
	changed = seen != v.seen
	v.seen = seen
	return changed
}

// failure is why the lab is not running, or why the last thing asked of it
// did not work; nil where all is well.
func (v *labView) failure() (err error, fatal bool) {
	phase, err := v.exp.Phase()
	if phase == lab.Failed {
		return err, true
	}
	if p := v.startErr.Load(); p != nil && phase == lab.Starting {
		return *p, true
	}
	return err, false
}

// starting tells whether the lab will live soon.
func (v *labView) starting() bool {
	_, fatal := v.failure()
	return v.snap == nil && !fatal
}

// knob is the chosen knob; ok is false for a lab without any.
func (v *labView) knob() (k lab.Knob, ok bool) {
	if len(v.knobs) == 0 {
		return lab.Knob{}, false
	}
	return v.knobs[v.selected], true
}

// running tells whether something would be lost by leaving.
func (v *labView) running() bool { return v.seen.phase == lab.Running }

// events are what the log shows: the newest, or those it was frozen with.
func (v *labView) events() []lab.Event {
	if v.frozen != nil {
		return v.frozen
	}
	if v.snap == nil {
		return nil
	}
	return v.snap.Events
}
