package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"resilab/labs/lab"
	"resilab/tui/pane"
	"resilab/tui/pane/generic"
)

// sampleEvery is how far apart a chart's samples are.
const sampleEvery = 500 * time.Millisecond

// labState is one lab as the panels of its screen see it.
type labState struct {
	host    *host
	entry   LabEntry
	exp     *lab.Experiment
	spec    *lab.Spec
	seen    observed
	snap    *lab.Snapshot // nil until the lab is live
	failed  error         // of starting
	history *pane.History
	point   string    // the figure to look at; empty: none
	rested  time.Time // since when the lab rests; zero: it does not
}

// observed is what a frame depends on besides the screen's own state.
type observed struct {
	rev     uint64
	elapsed int64 // whole seconds
	phase   lab.Phase
	failed  bool
	settled bool
	trouble int64 // seconds that the oldest trouble has lasted
	speed   float64
}

func newLabState(h *host, entry LabEntry) *labState {
	if entry.Picture == nil {
		entry.Picture = generic.Picture{}
	}
	return &labState{host: h, entry: entry, exp: entry.Experiment, spec: entry.Experiment.Spec(),
		history: pane.NewHistory(sampleEvery)}
}

// start starts the lab. A panic becomes an error: it must not reach the terminal.
func start(ctx context.Context, exp *lab.Experiment) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic while starting the lab %s: %v", exp.Spec().ID, r)
		}
	}()
	return exp.Start(ctx)
}

// observe takes a snapshot and reports whether anything visible has changed.
func (v *labState) observe(now time.Time) (changed bool) {
	phase, err := v.exp.Phase()
	seen := observed{phase: phase, failed: err != nil || v.failed != nil, settled: v.exp.Settled()}
	seen.speed, _ = v.exp.Speed()
	if snap := v.exp.Snapshot(); snap != nil {
		seen.rev, seen.elapsed = snap.Rev, int64(snap.Elapsed/time.Second)
		for _, t := range snap.Troubles {
			seen.trouble = max(seen.trouble, int64(now.Sub(t.Since)/time.Second)+1)
		}
		v.history.Sample(snap.Elapsed, snap.Metrics)
		v.snap = snap
	}
	if seen.failed && !v.seen.failed {
		v.host.notice = notice{} // which says that it is done
	}
	changed = seen != v.seen
	v.seen = seen
	return changed
}

// failure returns why the lab is not running, or why the last thing asked of it
// did not work; nil where all is well.
func (v *labState) failure() (err error, fatal bool) {
	phase, err := v.exp.Phase()
	if phase == lab.Failed {
		return err, true
	}
	if v.failed != nil && phase == lab.Starting {
		return v.failed, true
	}
	return err, false
}

// starting reports whether the lab will be live soon.
func (v *labState) starting() bool {
	_, fatal := v.failure()
	return v.snap == nil && !fatal
}

// running reports whether leaving stops something.
func (v *labState) running() bool { return v.seen.phase == lab.Running }

// alarm reports whether a person should look at the lab.
func (v *labState) alarm() bool {
	err, _ := v.failure()
	return err != nil || v.snap != nil && len(v.snap.Troubles) > 0
}

// frame is what pictures and cards may look at, for a part of the screen.
func (v *labState) frame(r Rect) pane.Frame {
	f := pane.Frame{W: r.W, H: r.H, Theme: v.host.th, Text: v.host.text, Spec: v.spec, Snap: v.snap,
		Settings: v.exp.Settings(), Paused: v.seen.phase == lab.Paused, History: v.history, Point: v.point}
	f.A, f.B = v.exp.Captured()
	if f.Snap == nil {
		f.Snap = &lab.Snapshot{}
	}
	return f
}

// instead is what stands in a picture's place while there is nothing to see.
func (v *labState) instead(f pane.Frame) (rows []string, ok bool) {
	if v.starting() {
		return generic.Hint(f, f.Text.T("ui.starting")), true
	}
	if err, fatal := v.failure(); fatal {
		return generic.Hint(f, f.Text.T("ui.failed", oneLine(err))), true
	}
	return nil, false
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// phase is the word for the lab's state.
func (v *labState) phase() string {
	if _, fatal := v.failure(); fatal {
		return "failed"
	}
	switch {
	case v.seen.phase == lab.Paused:
		return "paused"
	case v.starting():
		return "starting"
	default:
		return "running"
	}
}
