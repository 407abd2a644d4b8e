package retry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"resilab/labs/lab"
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

// clientsKnob is the knob that the contention takes.
const clientsKnob = "clients"

// contentionRuns is how many runs AWS's simulator takes the means of.
const contentionRuns = 100

// fleetFlags are the lab's knobs, or the name of a ready exercise.
func fleetFlags() []lab.Knob {
	exercises := []string{noExercise, contention}
	for _, s := range fleet.Scenarios() {
		exercises = append(exercises, s.Name)
	}
	own := []lab.Knob{
		lab.NewChoice("exercise", exercises...), lab.NewChoice("side", sideA, sideB), seedFlag(), formatFlag(),
	}
	return append(own, Spec().Knobs...)
}

// runFleet simulates many clients in virtual time.
func runFleet(ctx context.Context, c *lab.Call) error {
	exercise := c.Flags.Text("exercise")
	if err := noKnobsBeside(exercise, c); err != nil {
		return err
	}
	switch exercise {
	case contention:
		return contend(ctx, c)
	case noExercise:
		return fleetOfKnobs(ctx, c)
	}
	return fleetExercise(ctx, c, exercise)
}

// noKnobsBeside refuses knobs that an exercise would ignore. Only the number of
// clients is open, and only in the contention.
func noKnobsBeside(exercise string, c *lab.Call) error {
	if exercise == noExercise {
		return nil
	}
	for _, k := range Spec().Knobs {
		if c.Given(k.ID) && !(exercise == contention && k.ID == clientsKnob) {
			return &lab.UsageError{Text: c.Text.T("retry.fleet.settings", "--"+k.ID, exercise)}
		}
	}
	return nil
}

// fleetOfKnobs simulates the fleet that the knobs describe.
func fleetOfKnobs(ctx context.Context, c *lab.Call) error {
	settings, err := c.Settings(Spec())
	if err != nil {
		return err
	}
	cfg, err := FleetConfig(settings, uint64(c.Flags.Int("seed")))
	if err != nil {
		return err
	}
	cfg.MaxAttempts = fleet.DefaultMaxAttempts // a command may take longer than a turn of a knob
	for _, id := range LiveKnobs() {
		if c.Given(id) {
			c.Note(c.Text.T("retry.fleet.live", "--"+id))
		}
	}
	result, err := simulateFleet(ctx, c, cfg)
	if err != nil {
		return err
	}
	if c.Flags.Text("format") == formatJSON {
		return encodeFleet(c, cfg, settings, &result)
	}
	return c.Print(fleetReport(c.Text, cfg, &result, verdict(c.Text, &result)))
}

// fleetExercise simulates one side of a ready exercise and checks it against
// side A.
func fleetExercise(ctx context.Context, c *lab.Call, name string) error {
	s, err := fleet.ScenarioByName(name)
	if err != nil {
		return asKnobError(err)
	}
	cfg, before := s.Before, s.Before
	if c.Flags.Text("side") == sideB {
		cfg = s.After
	}
	cfg.Seed, before.Seed = uint64(c.Flags.Int("seed")), uint64(c.Flags.Int("seed"))
	result, err := simulateFleet(ctx, c, cfg)
	if err != nil {
		return err
	}
	if c.Flags.Text("format") == formatJSON {
		return encodeFleet(c, cfg, lab.Settings{"exercise": c.Flags["exercise"], "side": c.Flags["side"]}, &result)
	}
	a, err := simulateFleet(ctx, c, before)
	if err != nil {
		return err
	}
	return c.Print(fleetReport(c.Text, cfg, &result, judgement(c.Text, s, c.Flags.Text("side"), a.Metrics(), result.Metrics())))
}

func simulateFleet(ctx context.Context, c *lab.Call, cfg fleet.Config) (fleet.Result, error) {
	result, err := fleet.Run(ctx, cfg)
	if errors.Is(err, fleet.ErrTooManyAttempts) {
		return result, &lab.UsageError{Text: c.Text.T("retry.fleet.too_many", lab.Count.Write(fleet.DefaultMaxAttempts))}
	}
	return result, asKnobError(err)
}

// encodeFleet writes the evidence as one line of JSON.
func encodeFleet(c *lab.Call, cfg fleet.Config, settings lab.Settings, result *fleet.Result) error {
	return json.NewEncoder(c.Stdout).Encode(lab.Run{
		Lab: "fleet", Seed: cfg.Seed, Brokers: map[string]string{}, Knobs: settings, Metrics: result.Metrics(),
		Events: uint64(result.Calls), Duration: result.LastDone.Seconds(),
	})
}

// contend prints what each strategy costs clients that all write one
// row: as many as --clients, else the article's 10, 20 … 200.
func contend(ctx context.Context, c *lab.Call) error {
	clients := []int{c.Flags.Int(clientsKnob)}
	if !c.Given(clientsKnob) {
		clients = nil
		for n := 10; n <= 200; n += 10 {
			clients = append(clients, n)
		}
	}
	seed := uint64(c.Flags.Int("seed"))
	rows, err := fleet.ContentionTable(ctx, seed, contentionRuns, clients...)
	if err != nil {
		return fmt.Errorf("simulating contention: %w", err)
	}
	if c.Flags.Text("format") == formatJSON {
		return json.NewEncoder(c.Stdout).Encode(struct {
			Lab  string                `json:"lab"`
			Seed uint64                `json:"seed"`
			Runs int                   `json:"runs"`
			Rows []fleet.ContentionRow `json:"rows"`
		}{contention, seed, contentionRuns, rows})
	}
	var t lab.Table
	t.Title(c.Text.T("retry.fleet.contention", contentionRuns, seed))
	for _, r := range rows {
		t.Row(fmt.Sprintf("%4d  %s", r.Clients, r.Strategy), fmt.Sprintf("%7.0f ±%-5.0f  %7.0f ±%-5.0f ms", r.Calls, r.CallsSD, r.TookMS, r.TookSD))
	}
	return c.Print(t)
}
