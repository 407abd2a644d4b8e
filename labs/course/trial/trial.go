// Package trial plays course cards without a person: it measures the runs of a
// card with the real labs and reports whether they pass. Tests, the authoring
// kit and the verification of reports use it.
package trial

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"resilab/labs/course"
	"resilab/labs/lab"
)

const (
	pollEvery   = 10 * time.Millisecond
	stopTimeout = 10 * time.Second
)

// Player measures runs. Open is required.
type Player struct {
	// Open returns an experiment that is not started.
	Open func(labID string, seed uint64, settings lab.Settings) (*lab.Experiment, error)
	// Faster is how many steps the lab's clock is sped up.
	Faster int
	// Timeout bounds one run, in real time; zero means one minute.
	Timeout time.Duration
}

// ErrTooFew is returned when a run has not measured enough in time.
var ErrTooFew = errors.New("too few samples")

// Run measures with some settings until the card's samples are there.
func (p *Player) Run(ctx context.Context, card *course.Card, settings lab.Settings, seed uint64) (run lab.Run, err error) {
	exp, err := p.Open(card.Spec.ID, seed, settings)
	if err != nil {
		return run, err
	}
	defer func() {
		stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		err = errors.Join(err, exp.Stop(stopCtx))
	}()
	for range p.Faster { // before the start: the lab never works at another speed
		exp.ChangeSpeed(1)
	}
	if err := exp.Start(ctx); err != nil {
		return run, err
	}
	return p.await(ctx, card, exp)
}

// await polls until the run has its samples.
func (p *Player) await(ctx context.Context, card *course.Card, exp *lab.Experiment) (lab.Run, error) {
	timeout := p.Timeout
	if timeout == 0 {
		timeout = time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		run := exp.Current()
		if exp.Settled() && enough(card, run) {
			return run, nil
		}
		select {
		case <-ctx.Done():
			return run, fmt.Errorf("%w after %s: %s", ErrTooFew, timeout, shortage(card, run))
		case <-tick.C:
		}
	}
}

func enough(card *course.Card, run lab.Run) bool {
	for _, s := range card.Samples {
		if run.Metrics[s.Metric] < s.Min {
			return false
		}
	}
	return true
}

func shortage(card *course.Card, run lab.Run) string {
	var parts []string
	for _, s := range card.Samples {
		parts = append(parts, fmt.Sprintf("%s %g of %g", s.Metric, run.Metrics[s.Metric], s.Min))
	}
	return strings.Join(parts, ", ")
}

// Result is one play of a card.
type Result struct {
	Runs    []lab.Run // run A first
	AsStart course.Judgement
	Last    course.Judgement
	Outcome course.Outcome
	Passed  bool // it fails as it starts and passes with its golden settings
}

// Golden plays a card with its golden settings. Run A, checked again as the last
// run would be, must not pass. answer is the prediction.
func (p *Player) Golden(ctx context.Context, card *course.Card, seed uint64, answer string) (r Result, err error) {
	var s *course.Session
	for i, settings := range card.Golden {
		run, err := p.Run(ctx, card, settings, seed)
		if err != nil {
			return r, fmt.Errorf("run %c: %w", course.Letters[i], err)
		}
		r.Runs = append(r.Runs, run)
		if i > 0 {
			r.Last, err = s.Check(run, timeless)
		} else if s, err = started(card, answer, run); err == nil {
			r.AsStart, err = s.Check(run, timeless)
		}
		if err != nil {
			return r, fmt.Errorf("run %c: %w", course.Letters[i], err)
		}
		if r.AsStart.Passed {
			return r, nil
		}
	}
	r.Outcome, r.Passed = s.Outcome(), r.Last.Passed
	return r, nil
}

// timeless is when a card is played that no one keeps.
var timeless time.Time

// started returns a session with a prediction and run A.
func started(card *course.Card, answer string, a lab.Run) (*course.Session, error) {
	s := course.NewSession(card, course.Record{})
	if err := s.Predict(answer, timeless); err != nil {
		return nil, err
	}
	_, err := s.TakeA(a)
	return s, err
}
