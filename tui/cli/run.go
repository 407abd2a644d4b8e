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
func runFlags(set commandSet, args []string) ([]lab.Knob, error) {
	own := append([]lab.Knob{
		lab.NewDuration("for", 10*time.Second, 10*time.Millisecond, time.Hour),
		seedFlag(), formatFlag(), languageFlag(),
	}, brokerFlags()...)
	return set.labFlags(args, own, nil, func(e labs.Entry) []lab.Knob { return e.Spec.Knobs })
}

// runLab runs one lab without a screen and prints the evidence.
func runLab(ctx context.Context, c *call) error {
	entry, err := c.lab(nil)
	if err != nil {
		return err
	}
	settings, err := c.in.settings(entry.Spec)
	if err != nil {
		return err
	}
	session, err := c.openSession()
	if err != nil {
		return err
	}
	exp, err := session.Experiment(entry, labs.Setup{Seed: c.in.seed(), Settings: settings})
	if err != nil {
		return errors.Join(err, session.Close())
	}
	m := measurement{out: c.out, exp: exp, length: c.in.flags.Duration("for")}
	run, err := m.take(ctx)
	if err := errors.Join(err, session.Close()); err != nil && !errors.Is(err, errReported) {
		return err
	}
	return errors.Join(runPrinter{out: c.out, spec: entry.Spec, asJSON: c.in.wantsJSON()}.print(run), err)
}

// measurement is one run without a screen.
type measurement struct {
	out    output
	exp    *lab.Experiment
	length time.Duration
}

// take runs the experiment and waits for the operations in flight. An interrupted
// run is returned with errReported.
func (m measurement) take(ctx context.Context) (run lab.Run, err error) {
	defer func() {
		stopCtx, cancel := detached(ctx)
		defer cancel()
		err = errors.Join(err, m.exp.Stop(stopCtx))
	}()
	if err := m.exp.Start(ctx); err != nil {
		return run, err
	}
	for _, note := range m.exp.Snapshot().Notes {
		m.out.note(m.out.text.T(note.Key, note.Args...))
	}
	interrupted := m.wait(ctx)
	for _, trouble := range m.exp.Snapshot().Troubles {
		m.out.note(m.out.text.T(trouble.Key, trouble.Args...))
	}
	m.exp.TogglePause()
	if interrupted == nil {
		m.waitForRest(ctx)
	}
	run = m.exp.Current()
	if interrupted != nil {
		m.out.note(m.out.text.T("cli.run.interrupted", fmt.Sprintf("%.1f", run.Duration)))
		return run, errReported
	}
	return run, nil
}

// wait lets the lab run for the length of the measurement, showing its progress
// on a terminal.
func (m measurement) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, m.length, errTimeUp)
	defer cancel()
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	show := isTerminal(m.out.stderr)
	for {
		select {
		case <-ctx.Done():
			if show {
				fmt.Fprint(m.out.stderr, "\r\x1b[K")
			}
			if cause := context.Cause(ctx); !errors.Is(cause, errTimeUp) {
				return cause
			}
			return nil
		case <-tick.C:
			if show {
				m.progress()
			}
		}
	}
}

var errTimeUp = errors.New("the time is up")

// progress overwrites the line before. Troubles come first, because the end of a
// line that is too long is cut off.
func (m measurement) progress() {
	snap, spec, text := m.exp.Snapshot(), m.exp.Spec(), m.out.text
	parts := []string{fmt.Sprintf("%s / %s", i18n.FormatDuration(snap.Elapsed.Truncate(100*time.Millisecond)), i18n.FormatDuration(m.length))}
	for _, trouble := range snap.Troubles {
		parts = append(parts, text.T(trouble.Key, trouble.Args...))
	}
	for _, metric := range spec.Metrics {
		if v, ok := snap.Metrics[metric.ID]; ok && metric.Card && len(parts) < progressParts {
			parts = append(parts, metricName(text, spec, metric)+" "+metric.Format.Write(v))
		}
	}
	fmt.Fprint(m.out.stderr, "\r\x1b[K"+ansi.Truncate(strings.Join(parts, " · "), terminalWidth(m.out.stderr)-1, "…"))
}

// waitForRest waits until nothing is in flight, for restTimeout at most. It notes
// how many operations are left then.
func (m measurement) waitForRest(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, restTimeout)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		left := m.exp.Snapshot().InFlight
		if left == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			m.out.note(m.out.text.T("cli.run.in_flight", left, i18n.FormatDuration(restTimeout)))
			return
		}
	}
}

// runPrinter writes the evidence of a run.
type runPrinter struct {
	out    output
	spec   *lab.Spec
	asJSON bool
}

func (p runPrinter) print(run lab.Run) error {
	if p.asJSON {
		return json.NewEncoder(p.out.stdout).Encode(run)
	}
	return p.out.table(p.table(run))
}

// table has settings and figures in two aligned columns.
func (p runPrinter) table(run lab.Run) (t lab.Table) {
	text := p.out.text
	t.Title(text.T("cli.run.title", text.T(p.spec.ID+".name"), fmt.Sprintf("%.1f", run.Duration), run.Seed))
	for _, name := range slices.Sorted(maps.Keys(run.Brokers)) {
		t.Row(text.T("cli.broker."+name), run.Brokers[name])
	}
	t.Title(text.T("cli.run.knobs"))
	for _, k := range p.spec.Knobs {
		t.Row(text.T(p.spec.ID+".knob."+k.ID+".name"), run.Knobs[k.ID].String()+k.Unit)
	}
	t.Title(text.T("cli.run.metrics"))
	for _, m := range p.spec.Metrics {
		if v, ok := run.Metrics[m.ID]; ok {
			t.Row(metricName(text, p.spec, m), m.Format.Write(v))
		}
	}
	return t
}

func metricName(text *i18n.Catalogue, spec *lab.Spec, m lab.Metric) string {
	return text.T(spec.ID + ".metric." + m.ID)
}
