package trial

import (
	"context"
	"fmt"
	"sync"

	"resilab/labs/course"
)

// Trials is what plays of one card under several seeds have shown.
type Trials struct {
	Card    *course.Card
	Seeds   int
	Passed  int // with the golden settings
	Started int // passed as the card starts
	Figures course.Figures
	// Failures says for each play that went wrong what did.
	Failures []string
}

// Measure plays a card once for each of the seeds from first on: with its golden
// settings, and with run A's settings measured a second time as the last run. Up
// to jobs plays are under way at once.
func (p *Player) Measure(ctx context.Context, card *course.Card, first uint64, seeds, jobs int) Trials {
	t := Trials{Card: card, Seeds: seeds, Figures: course.Figures{Seeds: seeds}}
	var mu sync.Mutex
	var plays sync.WaitGroup
	turns := make(chan struct{}, jobs)
	for i := range seeds {
		seed := first + uint64(i)
		turns <- struct{}{}
		plays.Go(func() {
			defer func() { <-turns }()
			r, err := p.Golden(ctx, card, seed, Expected(card))
			again := false
			if err == nil {
				again, err = p.startAgain(ctx, card, r, seed)
			}
			mu.Lock()
			defer mu.Unlock()
			t.add(r, again, seed, err)
		})
	}
	plays.Wait()
	return t
}

// startAgain measures the starting settings a second time and reports whether
// they pass the card after run A.
func (p *Player) startAgain(ctx context.Context, card *course.Card, r Result, seed uint64) (passed bool, err error) {
	s, err := started(card, Expected(card), r.Runs[0])
	if err != nil {
		return false, err
	}
	run, err := p.Run(ctx, card, card.Start, seed)
	if err != nil {
		return false, fmt.Errorf("run a again: %w", err)
	}
	j, err := s.Check(run, timeless)
	return j.Passed, err
}

// add counts one play.
func (t *Trials) add(r Result, again bool, seed uint64, err error) {
	if r.Passed {
		t.Passed++
	}
	if r.AsStart.Passed || again {
		t.Started++
	}
	switch {
	case err != nil:
		t.Failures = append(t.Failures, fmt.Sprintf("seed %d: %v", seed, err))
	case r.AsStart.Passed || again:
		t.Failures = append(t.Failures, fmt.Sprintf("seed %d: passes as it starts", seed)+durations(r))
	case !r.Passed:
		t.Failures = append(t.Failures, fmt.Sprintf("seed %d: %s", seed, Failing(r.Last))+durations(r))
	case !r.Outcome.Right:
		t.Failures = append(t.Failures, fmt.Sprintf("seed %d: the prediction turned out as %s", seed, r.Outcome.Truth))
	}
	if r.Passed {
		t.Figures.IncludeMargins(r.Last.Conditions)
	}
	figures := t.Card.Figures()
	for i, run := range r.Runs {
		metrics := map[string]float64{}
		for _, m := range figures {
			if v, ok := run.Metrics[m.ID]; ok {
				metrics[m.ID] = v
			}
		}
		t.Figures.Include(course.Letters[i:i+1], metrics)
	}
}

// durations writes how long the runs of a play took on the lab's clock.
func durations(r Result) (text string) {
	for i, run := range r.Runs {
		text += fmt.Sprintf(" · %c %.1f s", course.Letters[i], run.Duration)
	}
	return text
}
