package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"resilab/labs"
	"resilab/labs/i18n"
	"resilab/labs/lab"
)

const (
	progressEvery = 200 * time.Millisecond
	progressParts = 4               // of the line: the time and the first figures
	restTimeout   = 5 * time.Second // for operations in flight when the time is up
	stopTimeout   = 5 * time.Second
)

// runFlags are the lab's own knobs and what a run needs besides.
func runFlags(c *call, args []string) ([]lab.Knob, error) {
	own := append([]lab.Knob{
		lab.NewDuration("for", 10*time.Second, 10*time.Millisecond, time.Hour),
		seedFlag(), formatFlag(), languageFlag(),
	}, brokerFlags()...)
	return c.labFlags(args, own, nil, func(e labs.Entry) []lab.Knob { return e.Spec.Knobs })
}

// runLab runs one lab without a screen and prints the evidence.
func runLab(ctx context.Context, c *call) error {
	entry, err := c.labOf(nil)
	if err != nil {
		return err
	}
	settings := c.settings(entry.Spec)
	if err := entry.Spec.Check(settings); err != nil {
		return usageError{err}
	}
	session, err := c.newSession()
	if err != nil {
		return err
	}
	run, err := c.measure(ctx, session, entry, settings)
	if err := errors.Join(err, session.Close()); err != nil {
		return err
	}
	return c.printRun(entry.Spec, run)
}

// measure runs the experiment for the time of --for and waits for the operations
// in flight.
func (c *call) measure(ctx context.Context, session *labs.Session, entry labs.Entry, settings lab.Settings) (run lab.Run, err error) {
	exp, err := session.Experiment(entry, labs.Setup{Seed: uint64(c.flags.Int("seed")), Settings: settings})
	if err != nil {
		return run, err
	}
	defer func() {
		stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		err = errors.Join(err, exp.Stop(stopCtx))
	}()
	if err := exp.Start(ctx); err != nil {
		return run, err
	}
	for _, note := range exp.Snapshot().Notes {
		c.note(c.text.T(note.Key, note.Args...))
	}
	interrupted := c.wait(ctx, exp, c.flags.Duration("for"))
	for _, trouble := range exp.Snapshot().Troubles {
		c.note(c.text.T(trouble.Key, trouble.Args...))
	}
	exp.TogglePause()
	if interrupted == nil {
		c.waitForRest(ctx, exp)
	}
	run = exp.Current()
	if interrupted != nil {
		c.note(c.text.T("cli.run.interrupted", fmt.Sprintf("%.1f", run.Duration)))
		return run, errors.Join(c.printRun(entry.Spec, run), errReported)
	}
	return run, nil
}

// wait lets the lab run for d, showing its progress on a terminal.
func (c *call) wait(ctx context.Context, exp *lab.Experiment, d time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, d, errTimeUp)
	defer cancel()
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	show := isTerminal(c.Stderr)
	for {
		select {
		case <-ctx.Done():
			if show {
				fmt.Fprint(c.Stderr, "\r\x1b[K")
			}
			if cause := context.Cause(ctx); !errors.Is(cause, errTimeUp) {
				return cause
			}
			return nil
		case <-tick.C:
			if show {
				c.progress(exp, d)
			}
		}
	}
}

var errTimeUp = errors.New("the time is up")

// progress overwrites the line before. Troubles come first, because the end of a
// line that is too long is cut off.
func (c *call) progress(exp *lab.Experiment, d time.Duration) {
	snap := exp.Snapshot()
	parts := []string{fmt.Sprintf("%s / %s", i18n.FormatDuration(snap.Elapsed.Truncate(100*time.Millisecond)), i18n.FormatDuration(d))}
	for _, trouble := range snap.Troubles {
		parts = append(parts, c.text.T(trouble.Key, trouble.Args...))
	}
	for _, m := range exp.Spec().Metrics {
		if v, ok := snap.Metrics[m.ID]; ok && m.Card && len(parts) < progressParts {
			parts = append(parts, c.metricName(exp.Spec(), m)+" "+m.Format.Write(v))
		}
	}
	fmt.Fprint(c.Stderr, "\r\x1b[K"+ansi.Truncate(strings.Join(parts, " · "), terminalWidth(c.Stderr)-1, "…"))
}

// waitForRest waits until nothing is in flight, for restTimeout at most. It notes
// how many operations are left then.
func (c *call) waitForRest(ctx context.Context, exp *lab.Experiment) {
	ctx, cancel := context.WithTimeout(ctx, restTimeout)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		left := exp.Snapshot().InFlight
		if left == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			c.note(c.text.T("cli.run.in_flight", left, i18n.FormatDuration(restTimeout)))
			return
		}
	}
}

func (c *call) printRun(spec *lab.Spec, run lab.Run) error {
	if c.wantsJSON() {
		return json.NewEncoder(c.Stdout).Encode(run)
	}
	return c.printText(spec, run)
}

// printText writes settings and figures in two aligned columns.
func (c *call) printText(spec *lab.Spec, run lab.Run) error {
	var t lab.Table
	t.Title(c.text.T("cli.run.title", c.text.T(spec.ID+".name"), fmt.Sprintf("%.1f", run.Duration), run.Seed))
	for _, name := range slices.Sorted(maps.Keys(run.Brokers)) {
		t.Row(c.text.T("cli.broker."+name), run.Brokers[name])
	}
	t.Title(c.text.T("cli.run.knobs"))
	for _, k := range spec.Knobs {
		t.Row(c.text.T(spec.ID+".knob."+k.ID+".name"), run.Knobs[k.ID].String()+k.Unit)
	}
	t.Title(c.text.T("cli.run.metrics"))
	for _, m := range spec.Metrics {
		if v, ok := run.Metrics[m.ID]; ok {
			t.Row(c.metricName(spec, m), m.Format.Write(v))
		}
	}
	return writeTable(c.Stdout, t)
}

// note writes a line to standard error.
func (c *call) note(line string) { fmt.Fprintln(c.Stderr, line) }

func (c *call) metricName(spec *lab.Spec, m lab.Metric) string {
	return c.text.T(spec.ID + ".metric." + m.ID)
}
