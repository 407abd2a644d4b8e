package labtest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"resilab/labs/clock"
	"resilab/labs/lab"
)

const (
	effectTime = 6 * time.Second // of the lab's time
	effectSize = 0.25            // of the larger figure
)

// Effects makes the experiment of every knob. One without an effect is made again
// in real time and beside fewer others, and then alone: on a busy machine what is late by some
// milliseconds is late by four times as much in a lab at speed 4.
func Effects(t *testing.T, s Subject) {
	var all []*experiment
	for _, k := range s.Spec.Knobs {
		if k.Effect.Metric == "" {
			continue
		}
		before, after, err := s.Spec.Experiment(k)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, &experiment{knob: k, settings: [2]lab.Settings{before, after}})
	}
	perform(t, s, pace{speed: 4, together: 8}, all)
	left := slices.DeleteFunc(slices.Clone(all), (*experiment).succeeded)
	perform(t, s, pace{speed: 1, together: 4}, left)
	left = slices.DeleteFunc(left, (*experiment).succeeded)
	perform(t, s, pace{speed: 1, together: 1}, left)
	for _, e := range all {
		if e.succeeded() {
			t.Log(e)
		} else {
			t.Error(e)
		}
	}
}

// experiment compares a run before a knob is turned with one after.
type experiment struct {
	knob     lab.Knob
	settings [2]lab.Settings
	runs     [2]*trial
}

// succeeded reports whether the metric differs by enough. One that is absent
// counts as 0.
func (e *experiment) succeeded() bool {
	b, a := e.figures()
	return e.err() == nil && a != b && math.Abs(a-b) >= effectSize*math.Max(math.Abs(a), math.Abs(b))
}

func (e *experiment) figures() (before, after float64) {
	m := e.knob.Effect.Metric
	return e.runs[0].metrics[m], e.runs[1].metrics[m]
}

func (e *experiment) err() error { return errors.Join(e.runs[0].err, e.runs[1].err) }

func (e *experiment) String() string {
	k := e.knob
	if err := e.err(); err != nil {
		return fmt.Sprintf("knob %s: %v", k.ID, err)
	}
	b, a := e.figures()
	text := fmt.Sprintf("knob %s from %s to %s: %s goes from %.4g to %.4g", k.ID, k.Default, k.Effect.To, k.Effect.Metric, b, a)
	if !e.succeeded() {
		text += fmt.Sprintf(" with %v, which is no effect", k.Effect.With)
	}
	return text
}

// pace is how fast the clock of the runs is, and how many are made at a time.
type pace struct {
	speed    float64
	together int
}

// perform makes the runs of experiments; those under the same settings once.
func perform(t *testing.T, s Subject, p pace, all []*experiment) {
	runs := map[string]*trial{}
	for _, e := range all {
		for i, settings := range e.settings {
			key := difference(s.Spec.Defaults(), settings)
			if runs[key] == nil {
				runs[key] = &trial{name: fmt.Sprintf("x%v-%d", p.speed, len(runs)), settings: settings}
			}
			e.runs[i] = runs[key]
		}
	}
	if s.InMemory {
		for _, r := range runs {
			synctest.Test(t, func(t *testing.T) { r.make(t.Context(), s, 1) })
		}
		return
	}
	var workers errgroup.Group
	workers.SetLimit(p.together)
	for _, r := range runs {
		workers.Go(func() error {
			r.make(t.Context(), s, p.speed)
			return nil
		})
	}
	_ = workers.Wait() // every run keeps its error
}

// difference writes the settings that differ from the defaults.
func difference(defaults, settings lab.Settings) string {
	var words []string
	for id, v := range settings {
		if v != defaults[id] {
			words = append(words, id+"="+v.String())
		}
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// trial is a run of the lab whose figures are compared.
type trial struct {
	name     string
	settings lab.Settings
	metrics  map[string]float64
	err      error
}

// make lets the lab work for a fixed time and keeps its figures.
func (r *trial) make(ctx context.Context, s Subject, speed float64) {
	s.Env.Clock = clock.New(nil)
	s.Env.Clock.SetSpeed(speed)
	s.Env.Namespace = s.Env.Namespace + "-" + r.name
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	l := s.New(s.Env)
	if r.err = l.Start(ctx, r.settings, 1); r.err != nil {
		return
	}
	for r.err == nil && l.Snapshot().Elapsed < effectTime {
		r.err = s.Env.Clock.Sleep(ctx, effectTime-l.Snapshot().Elapsed)
	}
	r.metrics = l.Snapshot().Metrics
	if err := l.Stop(context.WithoutCancel(ctx)); r.err == nil {
		r.err = err
	}
}
