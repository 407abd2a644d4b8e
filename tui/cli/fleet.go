package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/labs/retry"
	"resilab/labs/retry/fleet"
)

// Sides of an exercise.
const (
	sideA = "a" // settings as a client often has them
	sideB = "b" // settings that do better
)

// Exercises besides those of package fleet.
const (
	noExercise = "none"
	contention = "contention" // the table of AWS's article on jitter
)

// clientsKnob is the knob of the retry lab that the contention heeds.
const clientsKnob = "clients"

// contentionRuns is how many runs AWS's simulator takes the means of.
const contentionRuns = 100

// fleetFlags are the retry lab's knobs, or the name of a ready exercise.
func fleetFlags([]string) ([]lab.Knob, error) {
	exercises := []string{noExercise, contention}
	for _, s := range fleet.Scenarios() {
		exercises = append(exercises, s.Name)
	}
	own := []lab.Knob{
		lab.NewChoice("exercise", exercises...), lab.NewChoice("side", sideA, sideB),
		seedFlag(), formatFlag(), languageFlag(),
	}
	return append(own, retry.Spec().Knobs...), nil
}

// runFleet simulates many clients in virtual time.
func runFleet(ctx context.Context, c *call) error {
	if err := c.noArgs(); err != nil {
		return err
	}
	if err := c.noKnobsBesideExercise(); err != nil {
		return err
	}
	if c.flags.Text("exercise") == contention {
		return c.contend(ctx)
	}
	cfg, knobs, err := c.fleetConfig()
	if err != nil {
		return usageError{asKnobError(err)}
	}
	for _, id := range retry.LiveKnobs() {
		if c.given[id] {
			fmt.Fprintln(c.Stderr, c.text.T("cli.fleet.live", "--"+id))
		}
	}
	result, err := fleet.Run(ctx, cfg)
	if err != nil {
		return fmt.Errorf("simulating the fleet: %w", err)
	}
	run := lab.Run{
		Lab: "fleet", Seed: cfg.Seed, Brokers: map[string]string{}, Knobs: knobs, Metrics: result.Metrics(),
		Events: uint64(result.Calls), Duration: result.LastDone.Seconds(),
	}
	if c.flags.Text("format") == "json" {
		return json.NewEncoder(c.Stdout).Encode(run)
	}
	return c.printFleet(run, result)
}

// noKnobsBesideExercise refuses knobs that an exercise would not heed. Only the
// number of clients is open, and only in the contention.
func (c *call) noKnobsBesideExercise() error {
	exercise := c.flags.Text("exercise")
	if exercise == noExercise {
		return nil
	}
	for _, k := range retry.Spec().Knobs {
		if c.given[k.ID] && !(exercise == contention && k.ID == clientsKnob) {
			return usageError{errors.New(c.text.T("cli.error.exercise", "--"+k.ID, exercise))}
		}
	}
	return nil
}

// fleetConfig is an exercise's, or what the knobs say, with the settings as evidence.
func (c *call) fleetConfig() (fleet.Config, lab.Settings, error) {
	seed := uint64(c.flags.Int("seed"))
	if name := c.flags.Text("exercise"); name != noExercise {
		s, err := fleet.ScenarioByName(name)
		if err != nil {
			return fleet.Config{}, nil, err
		}
		cfg := s.Before
		if c.flags.Text("side") == sideB {
			cfg = s.After
		}
		cfg.Seed = seed
		return cfg, lab.Settings{"exercise": c.flags["exercise"], "side": c.flags["side"]}, nil
	}
	spec := retry.Spec()
	settings := c.knobs(spec)
	if err := spec.Check(settings); err != nil {
		return fleet.Config{}, nil, err
	}
	cfg, err := retry.FleetConfig(settings, seed)
	return cfg, settings, err
}

func (c *call) printFleet(run lab.Run, result fleet.Result) error {
	t := newTable()
	t.title(c.text.T("cli.fleet.title", fmt.Sprintf("%.1f", run.Duration), run.Seed))
	for _, id := range slices.Sorted(maps.Keys(run.Metrics)) {
		t.row(id, lab.Number.Write(run.Metrics[id]))
	}
	t.title(c.text.T("cli.fleet.arrivals"))
	peak := 1
	for _, b := range result.Bins {
		peak = max(peak, b.Calls)
	}
	for i, b := range result.Bins {
		at := time.Duration(i) * fleet.BinWidth
		t.row(i18n.FormatDuration(at), fmt.Sprintf("%6d  %s", b.Calls, bar(b.Calls, peak)))
	}
	return t.write(c.Stdout)
}

// contend prints what each strategy costs clients that all want to write one
// row: as many as --clients says, else the article's 10, 20 … 200.
func (c *call) contend(ctx context.Context) error {
	clients := []int{c.flags.Int(clientsKnob)}
	if !c.given[clientsKnob] {
		clients = nil
		for n := 10; n <= 200; n += 10 {
			clients = append(clients, n)
		}
	}
	seed := uint64(c.flags.Int("seed"))
	rows, err := fleet.ContentionTable(ctx, seed, contentionRuns, clients...)
	if err != nil {
		return fmt.Errorf("simulating contention: %w", err)
	}
	if c.flags.Text("format") == "json" {
		return json.NewEncoder(c.Stdout).Encode(struct {
			Lab  string                `json:"lab"`
			Seed uint64                `json:"seed"`
			Runs int                   `json:"runs"`
			Rows []fleet.ContentionRow `json:"rows"`
		}{contention, seed, contentionRuns, rows})
	}
	t := newTable()
	t.title(c.text.T("cli.fleet.contention", contentionRuns, seed))
	for _, r := range rows {
		t.row(fmt.Sprintf("%4d  %s", r.Clients, r.Strategy), fmt.Sprintf("%9.0f  %9.0f ms", r.Calls, r.TookMS))
	}
	return t.write(c.Stdout)
}

// bar is a row of signs as long as n's share of most.
func bar(n, most int) string {
	const width = 50
	signs := make([]byte, n*width/most)
	for i := range signs {
		signs[i] = '#'
	}
	return string(signs)
}
