package retry

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
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
		lab.NewText("jitter-samples", ""),
		lab.NewInt("count", 6, 1, 1000),
		lab.NewInt("retries", 0, 0, policy.MaxRetries),
		lab.NewDuration("base", 0, 0, longest),
		lab.NewFloat("factor", 1, 1, policy.MaxFactor, 0.1, 1),
		lab.NewDuration("cap", 0, 0, longest),
		lab.NewFraction("spread", 0),
		lab.NewDuration("spread-by", 0, 0, longest),
		formatFlag(),
	}
}

// runSchedule prints the waits that a preset would make.
func runSchedule(_ context.Context, c *lab.Call) error {
	p, err := preset.ByName(c.Flags.Text("preset"))
	if err != nil {
		return asKnobError(err)
	}
	p, err = p.With(overrides(c))
	if err != nil {
		return asKnobError(err)
	}
	draws, err := drawsOf(c)
	if err != nil {
		return err
	}
	count := c.Flags.Int("count")
	s := p.Schedule(count, draws...)
	if c.Flags.Text("format") == formatJSON {
		err = json.NewEncoder(c.Stdout).Encode(s)
	} else {
		err = c.Print(scheduleTable(c.Text, p, s))
	}
	if n := len(s.DelaysMS); err == nil && n < count {
		c.Note(c.Text.T("retry.schedule.fewer", p.Title, n, count))
	}
	return err
}

// drawsOf returns the draws that are used in turn: --jitter-samples, else
// --jitter-sample.
func drawsOf(c *lab.Call) ([]float64, error) {
	list := c.Flags.Text("jitter-samples")
	if list == "" {
		return []float64{c.Flags.Float("jitter-sample")}, nil
	}
	var draws []float64
	for _, word := range strings.Split(list, ",") {
		r, err := strconv.ParseFloat(strings.TrimSpace(word), 64)
		if err != nil || !(r >= 0 && r < 1) {
			return nil, &lab.KnobError{Knob: "jitter-samples", Value: list, Allowed: "0..<1,0..<1,…"}
		}
		draws = append(draws, r)
	}
	return draws, nil
}

// overrides are the numbers that were given; the others stay the preset's own.
func overrides(c *lab.Call) (o preset.Overrides) {
	if c.Given("retries") {
		o.Retries = new(c.Flags.Int("retries"))
	}
	if c.Given("base") {
		o.Base = new(c.Flags.Duration("base"))
	}
	if c.Given("cap") {
		o.Cap = new(c.Flags.Duration("cap"))
	}
	if c.Given("factor") {
		o.Factor = new(c.Flags.Float("factor"))
	}
	if c.Given("spread") {
		o.Spread = new(c.Flags.Float("spread"))
	}
	if c.Given("spread-by") {
		o.SpreadBy = new(c.Flags.Duration("spread-by"))
	}
	return o
}

func scheduleTable(text *i18n.Catalogue, p preset.Preset, s preset.Schedule) (t lab.Table) {
	attempts := "∞"
	if s.Attempts != nil {
		attempts = strconv.Itoa(*s.Attempts)
	}
	t.Title(text.T("retry.schedule.title", p.Title, p.Version, p.Language))
	t.Row(text.T("retry.schedule.counts"), text.T("retry.schedule.counts_"+string(p.Counts)))
	t.Row(text.T("retry.schedule.attempts"), attempts)
	for i, ms := range s.DelaysMS {
		wait := time.Duration(ms * float64(time.Millisecond))
		t.Row(text.T("retry.schedule.wait", i+1), i18n.FormatDuration(wait))
	}
	return t
}
