package cli

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/labs/retry/policy"
	"resilab/labs/retry/preset"
)

// largestDraw stands for the largest draw there is: a uniform one never reaches 1.
const largestDraw = 0.999999

func scheduleFlags() []lab.Knob {
	longest := policy.MaxWait
	return []lab.Knob{
		lab.NewChoice("preset", preset.Names()...),
		lab.NewFloat("jitter-sample", 0.5, 0, largestDraw, 0.1, 0.1),
		lab.NewInt("count", 6, 1, 1000),
		lab.NewInt("retries", 0, 0, policy.MaxRetries),
		lab.NewDuration("base", 0, 0, longest),
		lab.NewFloat("factor", 1, 1, policy.MaxFactor, 0.1, 1),
		lab.NewDuration("cap", 0, 0, longest),
		formatFlag(), languageFlag(),
	}
}

// schedule prints the waits that a preset would make.
func schedule(_ context.Context, c *call) error {
	if err := c.noArgs(); err != nil {
		return err
	}
	p, err := preset.ByName(c.flags.Text("preset"))
	if err != nil {
		return usageError{err}
	}
	p, err = p.With(c.overrides())
	if err != nil {
		return usageError{asKnobError(err)}
	}
	s := p.Schedule(c.flags.Int("count"), c.flags.Float("jitter-sample"))
	if c.flags.Text("format") == "json" {
		return json.NewEncoder(c.Stdout).Encode(s)
	}
	return c.printSchedule(p, s)
}

// overrides are the numbers that were given; the others stay the preset's own.
func (c *call) overrides() (o preset.Overrides) {
	if c.given["retries"] {
		o.Retries = new(c.flags.Int("retries"))
	}
	if c.given["base"] {
		o.Base = new(c.flags.Duration("base"))
	}
	if c.given["cap"] {
		o.Cap = new(c.flags.Duration("cap"))
	}
	if c.given["factor"] {
		o.Factor = new(c.flags.Float("factor"))
	}
	return o
}

func (c *call) printSchedule(p preset.Preset, s preset.Schedule) error {
	attempts := "∞"
	if s.Attempts != nil {
		attempts = strconv.Itoa(*s.Attempts)
	}
	t := newTable()
	t.title(c.text.T("cli.schedule.title", p.Title, p.Version, p.Language))
	t.row(c.text.T("cli.schedule.counts"), c.text.T("cli.schedule.counts_"+string(p.Counts)))
	t.row(c.text.T("cli.schedule.attempts"), attempts)
	for i, ms := range s.DelaysMS {
		wait := time.Duration(ms * float64(time.Millisecond))
		t.row(c.text.T("cli.schedule.wait", i+1), i18n.FormatDuration(wait))
	}
	return t.write(c.Stdout)
}

// asKnobError tells a policy's objection the way every flag's is told.
func asKnobError(err error) error {
	var invalid *policy.InvalidError
	if errors.As(err, &invalid) {
		return &lab.KnobError{Knob: invalid.Field, Value: invalid.Value, Allowed: invalid.Allowed}
	}
	return err
}

// noArgs refuses words that a command has no use for.
func (c *call) noArgs() error {
	if len(c.args) > 0 {
		return usageError{errors.New(c.text.T("cli.error.args", c.args[0]))}
	}
	return nil
}
