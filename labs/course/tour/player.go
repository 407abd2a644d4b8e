package tour

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"resilab/labs/i18n"
	"resilab/labs/lab"
)

// Options of a player. Tour and Show are required.
type Options struct {
	Tour *Tour
	// Show brings a lab to the front and returns its experiment, which may be about
	// to start.
	Show func(labID string) *lab.Experiment
	Lang i18n.Lang
	// Reading is the least time that a sentence is shown; nil: none. Steps wait for
	// figures, this is for the people who read.
	Reading func(sentence string) time.Duration
	// Patience is how long a step may wait for its figures; zero: 90 seconds. Then
	// the tour goes on, and Err says so.
	Patience time.Duration
	Loop     bool // begins again after the last step
}

// Reading is the time that a person needs for a sentence: 20 characters a second
// after a moment to find it.
func Reading(sentence string) time.Duration {
	return 1500*time.Millisecond + time.Duration(len([]rune(sentence)))*50*time.Millisecond
}

// Player plays a tour. It is used by one goroutine and never waits: the caller
// calls Advance often, as a screen does at each frame.
type Player struct {
	opt   Options
	at    int  // index of the step
	begun bool // the step has been begun
	since time.Time
	done  bool
	first map[string]lab.Settings // of each lab, before the tour
	kept  map[string]lab.Run      // run A of each lab
	err   error
}

// NewPlayer returns a player at the first step.
func NewPlayer(opt Options) *Player {
	if opt.Patience <= 0 {
		opt.Patience = 90 * time.Second
	}
	return &Player{opt: opt, first: map[string]lab.Settings{}, kept: map[string]lab.Run{}}
}

// Tour returns what is played.
func (p *Player) Tour() *Tour { return p.opt.Tour }

// Step returns the step under way, and its number from 1.
func (p *Player) Step() (s Step, number int) { return p.opt.Tour.Steps[p.at], p.at + 1 }

// Done reports whether the last step has ended.
func (p *Player) Done() bool { return p.done }

// Err returns the first step that did not show what it announced, or could not
// be done.
func (p *Player) Err() error { return p.err }

// Advance begins or ends a step where it is time, and reports whether it did.
func (p *Player) Advance(now time.Time) (changed bool) {
	if p.done {
		return false
	}
	step, _ := p.Step()
	exp := p.opt.Show(step.Spec.ID)
	if !p.begun {
		if exp.Snapshot() == nil {
			return false // the lab is starting
		}
		p.begin(step, exp, now)
		return true
	}
	late := now.Sub(p.since) > p.opt.Patience
	if !late && !p.over(step, exp, now) {
		return false
	}
	if late {
		p.fail(fmt.Errorf("step %d of the tour %s: %q has not happened in %s", p.at+1, p.opt.Tour.ID, step.say[i18n.English], p.opt.Patience))
	}
	p.next()
	return true
}

func (p *Player) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// begin does what a step does.
func (p *Player) begin(step Step, exp *lab.Experiment, now time.Time) {
	p.begun, p.since = true, now
	if _, seen := p.first[step.Spec.ID]; !seen {
		p.first[step.Spec.ID] = exp.Settings()
	}
	if step.Keep {
		p.kept[step.Spec.ID] = exp.CaptureA()
	}
	settings := exp.Settings()
	for _, id := range slices.Sorted(maps.Keys(step.Set)) {
		settings = step.Spec.Turn(settings, id, step.Set[id])
	}
	if err := exp.SetAll(settings); err != nil {
		p.fail(fmt.Errorf("step %d of the tour %s: %w", p.at+1, p.opt.Tour.ID, err))
	}
	if step.Action != "" {
		exp.Do(step.Action)
	}
}

// over reports whether the step has been read and the figures show it.
func (p *Player) over(step Step, exp *lab.Experiment, now time.Time) bool {
	if p.opt.Reading != nil && now.Sub(p.since) < p.opt.Reading(step.Say(p.opt.Lang)) {
		return false
	}
	if step.until == nil {
		return true
	}
	if !exp.Settled() {
		return false
	}
	runs := []lab.Run{exp.Current()}
	if a, ok := p.kept[step.Spec.ID]; ok {
		runs = append([]lab.Run{a}, runs...)
	}
	return step.until.Holds(runs...)
}

// next goes to the next step, or to the first one again.
func (p *Player) next() {
	p.begun = false
	switch {
	case p.at+1 < len(p.opt.Tour.Steps):
		p.at++
	case p.opt.Loop:
		p.at = 0
		for id, settings := range p.first {
			if err := p.opt.Show(id).SetAll(settings); err != nil {
				p.fail(fmt.Errorf("beginning the tour %s again: %w", p.opt.Tour.ID, err))
			}
		}
	default:
		p.done = true
	}
}
