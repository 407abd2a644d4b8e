package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"resilab/labs"
	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/labs/runline"
)

const (
	progressEvery = 200 * time.Millisecond
	eventsEvery   = 20 * time.Millisecond // often enough for the log to keep what is new
	progressParts = 4                     // of the line: the time and the first figures
	restTimeout   = 5 * time.Second       // for operations in flight when the time is up
	stopTimeout   = 5 * time.Second
)

// Forms of a run's result besides text and JSON.
const (
	formatCSV    = "csv"
	formatEvents = "ndjson"
)

// runFlags are the lab's own knobs and what a run needs besides.
func runFlags(set commandSet, args []string) ([]lab.Knob, error) {
	own := append([]lab.Knob{
		lab.NewDuration("for", 10*time.Second, 10*time.Millisecond, time.Hour),
		fromFlag(), seedFlag(),
		lab.NewChoice("format", "text", formatJSON, formatCSV, formatEvents),
		lab.NewDuration("every", time.Second, 10*time.Millisecond, time.Hour),
		lab.NewText("save", ""),
		languageFlag(),
	}, brokerFlags()...)
	return set.labFlags(args, own, nil, func(e labs.Entry) []lab.Knob { return e.Spec.Knobs })
}

// runLab runs one lab without a screen and prints the evidence.
func runLab(ctx context.Context, c *call) error {
	line, err := runsToMake(c)
	if err != nil {
		return err
	}
	entry, _ := c.set.labs.Find(line.Spec.ID)
	session, err := c.openSession()
	if err != nil {
		return err
	}
	var saved bytes.Buffer
	for _, settings := range []lab.Settings{line.A, line.B} {
		if settings == nil {
			continue // the line has no B
		}
		var run lab.Run
		run, err = measureLab(ctx, c, session, entry, labs.Setup{Seed: line.Seed, Settings: settings})
		if err == nil || errors.Is(err, errReported) {
			p := runPrinter{out: c.out, spec: line.Spec, format: c.in.flags.Text("format")}
			err = errors.Join(p.print(run), plainJSON(&saved).Encode(printed(line.Spec, run)), err)
		}
		if err != nil {
			break
		}
	}
	if path := c.in.flags.Text("save"); path != "" && saved.Len() > 0 {
		err = errors.Join(os.WriteFile(path, saved.Bytes(), 0o644), err)
	}
	return errors.Join(err, session.Close())
}

// runsToMake joins the lab that was named, the line of --from and the other flags,
// which win.
func runsToMake(c *call) (line runline.Line, err error) {
	if from := c.in.flags.Text(fromFlag().ID); from != "" {
		if line, err = c.set.parseLine(from, "--from"); err != nil {
			return line, err
		}
	}
	if line.Spec == nil || len(c.in.args) > 0 {
		entry, err := c.lab(nil)
		if err != nil {
			return line, err
		}
		if line.Spec != nil && line.Spec != entry.Spec {
			return line, usageError{&wordedError{key: "cli.error.labs_differ", args: []any{"--from", line.Spec.ID, c.command.title(), entry.Spec.ID}}}
		}
		line.Spec = entry.Spec
	}
	if line.A == nil || c.in.isGiven("seed") {
		line.Seed = c.in.seed()
	}
	if line.A, err = c.in.turned(line.Spec, line.A); err != nil {
		return line, err
	}
	if line.B != nil {
		if line.B, err = c.in.turned(line.Spec, line.B); err != nil {
			return line, err
		}
	}
	return line, checkFormat(c.in, line)
}

// checkFormat refuses flags that the form of the result has no use for.
func checkFormat(in values, line runline.Line) error {
	format := in.flags.Text("format")
	switch {
	case in.isGiven("every") && format != formatCSV:
		return usageError{&wordedError{key: "cli.error.needs", args: []any{"--every", "--format csv"}}}
	case line.B != nil && (format == formatCSV || format == formatEvents):
		return usageError{&wordedError{key: "cli.error.one_run", args: []any{"--format " + format}}}
	}
	return nil
}

// measureLab makes one run.
func measureLab(ctx context.Context, c *call, session *labs.Session, entry labs.Entry, setup labs.Setup) (lab.Run, error) {
	exp, err := session.Experiment(entry, setup)
	if err != nil {
		return lab.Run{}, err
	}
	m := measurement{out: c.out, exp: exp, length: c.in.flags.Duration("for"), every: c.in.flags.Duration("every")}
	switch c.in.flags.Text("format") {
	case formatCSV:
		m.recorder = newCSV(c.world.Stdout, entry.Spec)
	case formatEvents:
		events := newEvents(c.world.Stdout, c.text)
		defer events.tellMissed(c.out)
		m.recorder, m.every = events, eventsEvery
	}
	return m.take(ctx)
}

// measurement is one run without a screen.
type measurement struct {
	out      output
	exp      *lab.Experiment
	length   time.Duration
	recorder recorder      // nil: only the result counts
	every    time.Duration // how often the recorder is called
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
	interrupted, err := m.wait(ctx)
	if err != nil {
		return run, err
	}
	for _, trouble := range m.exp.Snapshot().Troubles {
		m.out.note(m.out.text.T(trouble.Key, trouble.Args...))
	}
	m.exp.TogglePause()
	if !interrupted {
		m.waitForRest(ctx)
	}
	if err := m.record(); err != nil {
		return run, err
	}
	run = m.exp.Current()
	if interrupted {
		m.out.note(m.out.text.T("cli.run.interrupted", fmt.Sprintf("%.1f", run.Duration)))
		return run, errReported
	}
	return run, nil
}

// record shows the recorder the present state.
func (m measurement) record() error {
	if m.recorder == nil {
		return nil
	}
	return m.recorder.observe(m.exp.Snapshot())
}

// wait lets the lab run for the length of the measurement, showing its progress
// on a terminal. It reports whether ctx ended before.
func (m measurement) wait(ctx context.Context) (interrupted bool, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, m.length, errTimeUp)
	defer cancel()
	tick, row := time.NewTicker(progressEvery), time.NewTicker(m.every)
	defer tick.Stop()
	defer row.Stop()
	show := isTerminal(m.out.stderr)
	for {
		select {
		case <-ctx.Done():
			if show {
				fmt.Fprint(m.out.stderr, "\r\x1b[K")
			}
			return !errors.Is(context.Cause(ctx), errTimeUp), nil
		case <-row.C:
			if err := m.record(); err != nil {
				return false, err
			}
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
	format string
}

func (p runPrinter) print(run lab.Run) error {
	switch p.format {
	case formatCSV:
		return nil // the rows are the result
	case formatJSON, formatEvents:
		return p.out.json(printed(p.spec, run))
	}
	if err := p.out.table(p.table(run)); err != nil {
		return err
	}
	return p.out.line("  resilab open '" + printed(p.spec, run).Line + "'") // in one piece, to be copied
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
	t.Title(text.T("cli.run.line"))
	return t
}

func metricName(text *i18n.Catalogue, spec *lab.Spec, m lab.Metric) string {
	return text.T(spec.ID + ".metric." + m.ID)
}
